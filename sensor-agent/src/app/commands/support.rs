//! `--support`: what to send along with a question, as Falco's document. It holds rules and configuration, so it is for people
//! who may read those; the token of the admin server is left out.

use serde_json::{Map, Value, json};

use crate::app::{config::Effective, files::TextFile, identity};

/// The document.
pub(super) fn document(values: &[Effective], files: &[TextFile]) -> Value {
    let uname = rustix::system::uname();
    let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
    let cmdline: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let engine: Map<String, Value> =
        identity::versions().into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    let config: Map<String, Value> =
        values.iter().map(|value| (value.path.clone(), value.value.clone())).collect();
    let rules = files.iter().map(
        |file| json!({ "name": file.path.display().to_string(), "variants": [{ "content": file.text }] }),
    );
    json!({
        "cmdline": cmdline.join(" "),
        // Flow YAML, which JSON is.
        "config": Value::Object(config).to_string(),
        "engine_info": engine,
        "rules_files": rules.collect::<Vec<_>>(),
        "system_info": {
            "machine": text(uname.machine()),
            "nodename": text(uname.nodename()),
            "release": text(uname.release()),
            "sysname": text(uname.sysname()),
            "version": text(uname.version()),
        },
        "version": identity::FALCO_VERSION,
    })
}
