//! Whatever bytes a process chose: one alert is one line, valid, and nothing is lost that could be kept.

use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = FieldValue> {
    let leaf = prop_oneof![
        Just(FieldValue::Null),
        any::<bool>().prop_map(FieldValue::Bool),
        any::<i64>().prop_map(FieldValue::I64),
        any::<u64>().prop_map(FieldValue::U64),
        any::<f64>().prop_map(FieldValue::F64),
        any::<Vec<u8>>().prop_map(FieldValue::Text),
        any::<String>().prop_map(|text| FieldValue::Text(text.into_bytes())),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(FieldValue::List))
}

prop_compose! {
    fn any_alert()(
        time_ns: u64,
        rule: String,
        priority in prop::sample::select(&Priority::ALL[..]),
        source in prop_oneof![Just("syscall".to_owned()), Just("internal".to_owned()), any::<String>()],
        tags: Vec<String>,
        message: Vec<u8>,
        fields in prop::collection::vec((any::<String>(), value()), 0..6),
    ) -> Alert {
        Alert { time_ns, rule, priority, source, tags, message, fields }
    }
}

fn json_of(value: &FieldValue) -> serde_json::Value {
    match value {
        FieldValue::Null => serde_json::Value::Null,
        FieldValue::Bool(value) => (*value).into(),
        FieldValue::I64(value) => (*value).into(),
        FieldValue::U64(value) => (*value).into(),
        FieldValue::F64(value) => (*value).into(),
        FieldValue::Text(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        FieldValue::List(items) => items.iter().map(json_of).collect(),
    }
}

proptest! {
    #[test]
    fn json_is_one_line_that_says_it_all(alert in any_alert(), iso_time: bool) {
        let include = Include { message: true, ..Include::default() };
        let line = Format { iso_time, include, ..format(true) }.line(&alert).unwrap();
        prop_assert_eq!(line.terminated().matches('\n').count(), 1);
        prop_assert!(line.terminated().ends_with('\n'));
        prop_assert!(!line.body().bytes().any(|byte| byte < b' '));
        let parsed: serde_json::Value = serde_json::from_str(line.body()).unwrap();
        let message = String::from_utf8_lossy(&alert.message).into_owned();
        prop_assert!(parsed["output"].as_str().unwrap().ends_with(&message));
        prop_assert_eq!(&parsed["rule"], &alert.rule);
        let fields = parsed["output_fields"].as_object().unwrap();
        let mut last = std::collections::BTreeMap::new();
        last.extend(alert.fields.iter().map(|(key, value)| (key, json_of(value))));
        for (key, value) in last.iter().filter(|(key, _)| !key.starts_with("evt.time")) {
            prop_assert_eq!(value, &fields[key.as_str()], "{}", key);
        }
        if alert.source == "internal" {
            prop_assert!(parsed.get("tags").is_none() && parsed.get("message").is_none());
        } else {
            prop_assert_eq!(&parsed["message"], &message);
            prop_assert_eq!(&fields[if iso_time { "evt.time.iso8601" } else { "evt.time" }], alert.time_ns);
        }
    }

    #[test]
    fn text_is_one_line_that_no_terminal_obeys(alert in any_alert(), iso_time: bool) {
        let line = Format { iso_time, ..format(false) }.line(&alert).unwrap();
        prop_assert_eq!(line.terminated().matches('\n').count(), 1);
        prop_assert!(line.terminated().ends_with('\n'));
        let obeyed = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
        prop_assert!(!line.body().chars().any(obeyed));
        let (before, word, after) = line.split_at_priority().unwrap();
        prop_assert_eq!(word, alert.priority.label());
        prop_assert_eq!([before, word, after].concat(), line.terminated());
        if alert.source != "internal" {
            let body = after.trim_start_matches(' ').trim_end_matches('\n');
            let decoded: String = serde_json::from_str(&format!("\"{body}\"")).unwrap();
            let message = String::from_utf8_lossy(&alert.message);
            prop_assert_eq!(decoded, message.trim_start_matches(' '));
        }
    }
}
