//! Rule files and conditions of any content: loading ends and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sensor_agent::rules::{LoadOptions, RuleFile, lang, load};

fuzz_target!(|text: &str| {
    let _parsed = lang::parse(text);
    let as_file = RuleFile { name: "fuzz", text };
    let loaded = load(&[as_file], &LoadOptions::default(), 1);
    for fault in loaded.errors.iter().chain(&loaded.warnings) {
        assert!(!fault.to_string().is_empty());
    }
    // The same text as the condition of an otherwise valid rule, so that the fuzzer needs not find YAML first.
    let condition = text.replace('\n', " ");
    let rule =
        format!("- rule: r\n  desc: d\n  condition: |\n    {condition}\n  output: o\n  priority: INFO\n");
    let _loaded = load(&[RuleFile { name: "fuzz", text: &rule }], &LoadOptions::default(), 1);
});
