//! Records of any content: decoding ends and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sensor_agent::decode::{Body, Record};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok((record, next)) = Record::parse_first(rest) {
        if let Body::File(file) = record.body {
            let slices = [file.name[0], file.name[1], file.base[0], file.base[1], file.resolved, file.word];
            for slice in slices {
                let _text = record.text(&slice);
            }
        }
        // A record has a header, so this ends.
        rest = next;
    }
    let _record = Record::parse(bytes);
});
