//! Decoding: what is refused, and that nothing panics.

use proptest::prelude::*;
use sensor_common::{
    Kind, Source, Task,
    event::{File, Prefix},
};

use super::{Body, Builder, DecodeError, Record, zero};

fn sample() -> Vec<u8> {
    let mut builder = Builder::new::<File>();
    let name = builder.text(b"etc/shadow", Source::UserExit);
    let base = builder.text(b"/", Source::Task);
    let file = File { name: [name, zero()], base: [base, zero()], ..zero() };
    builder.finish(Kind::File, 9, 42, Task { tgid: 7, ..zero() }, &file)
}

#[test]
fn a_record_reads_back() {
    let bytes = sample();
    let record = Record::parse(&bytes).expect("valid");
    assert_eq!((record.prefix.task.tgid, record.prefix.header.time_ns), (7, 42));
    let Body::File(file) = record.body else { panic!("a file record") };
    assert_eq!(record.text(&file.name[0]), Some(b"etc/shadow".as_slice()));
    assert_eq!(record.text(&file.base[0]), Some(b"/".as_slice()));
    assert_eq!(record.text(&file.resolved), None);
}

#[test]
fn what_is_refused() {
    let good = sample();
    let patch = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        Record::parse(&bytes).map(|_| ()).expect_err("refused")
    };
    assert!(matches!(patch(4, 99), DecodeError::Abi { found: 99 }));
    assert!(matches!(patch(6, 99), DecodeError::Kind { kind: 99 }));
    assert!(matches!(patch(0, 1), DecodeError::Length { .. }));
    let name = size_of::<Prefix>() + std::mem::offset_of!(File, name);
    assert!(matches!(patch(name + 1, 0xff), DecodeError::Slice { .. }));
    assert!(matches!(Record::parse(&good[..40]), Err(DecodeError::Short { len: 40, .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _decoded = Record::parse(&bytes);
        let _decoded = Record::parse_first(&bytes);
    }

    #[test]
    fn damaged_records_never_panic(at in 0_usize..400, value in any::<u8>()) {
        let mut bytes = sample();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(record) = Record::parse(&bytes)
            && let Body::File(file) = record.body
        {
            for slice in [file.name[0], file.name[1], file.base[0], file.resolved] {
                let _text = record.text(&slice);
            }
        }
    }
}
