//! Whatever bytes a process chose, every field reads and prints.

use proptest::prelude::*;
use sensor_common::{Kind, event::Socket};

use super::sockets::inet;
use crate::{
    enrich::Side,
    rules::{
        fields::{Arg, ArgKind, ArgRule, CLASSES, Class, FieldRef},
        fixture::{Names, call, exit, file, lifecycle, process, socket, within},
        output,
    },
};

/// Every field with every kind of argument that it takes.
fn every_field() -> Vec<FieldRef> {
    let mut all = Vec::new();
    for field in CLASSES.iter().flat_map(Class::fields) {
        let mut push = |arg| all.push(FieldRef { field, arg, ty: field.ty, shape: field.shape });
        push(Arg::None);
        if field.arg != ArgRule::None {
            (0..4).chain([u32::MAX]).for_each(|index| push(Arg::Index(index)));
            push(Arg::Key("name".to_owned()));
            push(Arg::Key("1700000000".to_owned()));
        }
        if field.arg_kind == ArgKind::Param {
            for param in sensor_common::syscalls::TABLE.iter().flat_map(|row| row.params) {
                push(Arg::Key(param.name.to_owned()));
            }
        }
    }
    all
}

fn read_everything(record: &[u8], text: &[u8]) {
    let mut process = process();
    process.argv = Some(text.into());
    process.env = Some(text.into());
    process.cwd = Some(text.into());
    process.name = text.into();
    for side in [Side::Caller, Side::Child] {
        within(record, &process, side, |c| {
            for field in every_field() {
                let _value = output::json(c, &field);
                let _text = output::printed(c, &field);
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hostile_bytes_never_panic(
        slot in 0_usize..sensor_common::syscalls::TABLE.len(),
        ret in any::<i64>(),
        args in any::<[u64; 6]>(),
        text in proptest::collection::vec(any::<u8>(), 0..40),
        ports in any::<(u16, u16)>(),
        family in 0_u16..12,
    ) {
        let row = &sensor_common::syscalls::TABLE[slot];
        let names = Names { name: [Some(&text), Some(&text)], base: [&text, &text], resolved: &text, word: &text, flags: u32::MAX, mode: args[5] as u32 };
        read_everything(&file(row.event, ret, args, names), &text);
        let mut body = Socket { family, sock_type: ports.1 % 5, protocol: ports.0 % 60, ..inet([1, 2, 3, 4], ports.0, [4, 3, 2, 1], ports.1) };
        body.call.args = args;
        read_everything(&socket(row.event, ret, body, &text, &text), &text);
        read_everything(&call(row.event, ret, args), &text);
        read_everything(&exit(args[0] as u32), &text);
        for kind in [Kind::Fork, Kind::Exec, Kind::Process] {
            read_everything(&lifecycle(kind, &text), &text);
        }
    }
}
