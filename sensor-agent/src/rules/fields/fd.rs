//! `fd.*`: the descriptor of a call. See `descriptor` for which one that is.

use sensor_common::event::file;

use super::{
    ArgKind, Descriptor, Endpoints, Field, Print, Shape,
    fd_get::{self as get, identity, ip, known, names, port, proto},
    flag,
    table::{absent, field},
};
use crate::rules::{
    Type::{Bool, CharBuf, Int32, Int64, IpAddr, IpNet, Port},
    Value,
};

const FILTER: u16 = flag::FILTER_ONLY | PLAIN;
const PLAIN: u16 = flag::NO_RHS | flag::NO_TRANSFORMER;

#[expect(clippy::unnecessary_wraps, reason = "the other ends may be missing")]
fn server(ends: Endpoints) -> Option<super::Endpoint> {
    Some(ends.server())
}

pub(super) static FIELDS: &[Field] = &[
    field("fd.num", Int64, "Number of the descriptor; -1 when the call failed to make one.", |c, _| {
        Some(Value::I64(Descriptor::of(c)?.num))
    }),
    field(
        "fd.type",
        CharBuf,
        "Kind of descriptor: file, directory, ipv4, ipv6, unix, pipe and so on.",
        |c, _| known(c, |fd| Some(Value::str(fd.kind?.word()))),
    ),
    field("fd.typechar", CharBuf, "Kind of descriptor as one character: f d 4 6 u p n b m o.", get::typechar),
    field("fd.name", CharBuf, "Path of a file, addresses of a socket, path of a unix socket.", get::name)
        .with(flag::NAME),
    field("fd.directory", CharBuf, "Directory of the file; a directory itself.", get::directory)
        .with(flag::NAME),
    field("fd.filename", CharBuf, "Name of the file without its directory.", get::filename).with(flag::NAME),
    field("fd.ip", IpAddr, "Either address of the connection.", get::ips).shaped(Shape::Either).with(FILTER),
    field("fd.cip", IpAddr, "Address of the client.", |c, _| ip(c, |e| e.client())),
    field("fd.sip", IpAddr, "Address of the server.", |c, _| ip(c, server)),
    field("fd.lip", IpAddr, "Address of this end.", |c, _| ip(c, |e| e.local())),
    field("fd.rip", IpAddr, "Address of the other end.", |c, _| ip(c, |e| e.remote())),
    field("fd.port", Port, "Either port of the connection.", get::ports).shaped(Shape::Either).with(FILTER),
    field("fd.cport", Port, "Port of the client.", |c, _| port(c, |e| e.client())),
    field("fd.sport", Port, "Port of the server.", |c, _| port(c, server)),
    field("fd.lport", Port, "Port of this end.", |c, _| port(c, |e| e.local())),
    field("fd.rport", Port, "Port of the other end.", |c, _| port(c, |e| e.remote())),
    field("fd.l4proto", CharBuf, "Protocol of the socket: tcp, udp, icmp, raw, or <NA>.", get::l4proto),
    field("fd.sockfamily", CharBuf, "ip or unix.", get::sockfamily),
    field("fd.is_server", Bool, "Whether this host is the server of the connection.", get::is_server),
    field("fd.uid", CharBuf, "Thread id and descriptor number, one behind the other.", get::uid),
    field("fd.containername", CharBuf, "Container id, a colon, fd.name.", get::container_name)
        .with(flag::NAME),
    field("fd.containerdirectory", CharBuf, "Container id, a colon, fd.directory.", get::container_directory)
        .with(flag::NAME),
    field("fd.proto", Port, "Either port, compared by the name of its service.", get::ports)
        .shaped(Shape::Either)
        .with(FILTER),
    field("fd.cproto", CharBuf, "Port of the client as text.", |c, _| proto(c, |e| e.client())),
    field("fd.sproto", CharBuf, "Port of the server as text.", |c, _| proto(c, server)),
    field("fd.lproto", CharBuf, "Port of this end as text.", |c, _| proto(c, |e| e.local())),
    field("fd.rproto", CharBuf, "Port of the other end as text.", |c, _| proto(c, |e| e.remote())),
    field("fd.net", IpNet, "Either address, compared with a network.", get::ips)
        .shaped(Shape::Either)
        .with(FILTER),
    field("fd.cnet", IpNet, "Address of the client, compared with a network.", |c, _| ip(c, |e| e.client()))
        .with(FILTER),
    field("fd.snet", IpNet, "Address of the server, compared with a network.", |c, _| ip(c, server))
        .with(FILTER),
    field("fd.lnet", IpNet, "Address of this end, compared with a network.", |c, _| ip(c, |e| e.local()))
        .with(FILTER),
    field("fd.rnet", IpNet, "Address of the other end, compared with a network.", |c, _| {
        ip(c, |e| e.remote())
    })
    .with(FILTER),
    field("fd.connected", Bool, "Whether the socket is connected, or about to be.", |c, _| {
        let ret = c.event.record.call()?.ret;
        known(c, |fd| Some(Value::Bool(fd.is_connected(ret))))
    }),
    field("fd.name_changed", Bool, "Whether this call gave the descriptor its name.", |c, _| {
        let ret = c.event.record.call()?.ret;
        known(c, |fd| Some(Value::Bool(fd.is_name_changed(ret))))
    }),
    field("fd.cip.name", CharBuf, "Those host names of the rules that are the client's.", |c, _| {
        names(c, |e| e.client())
    })
    .shaped(Shape::Names)
    .with(PLAIN),
    field("fd.sip.name", CharBuf, "Those host names of the rules that are the server's.", |c, _| {
        names(c, server)
    })
    .shaped(Shape::Names)
    .with(PLAIN),
    field("fd.lip.name", CharBuf, "Those host names of the rules that are this end's.", |c, _| {
        names(c, |e| e.local())
    })
    .shaped(Shape::Names)
    .with(PLAIN),
    field("fd.rip.name", CharBuf, "Those host names of the rules that are the other end's.", |c, _| {
        names(c, |e| e.remote())
    })
    .shaped(Shape::Names)
    .with(PLAIN),
    field("fd.dev", Int32, "Device that the file is on (major and minor number).", |c, _| {
        Some(Value::I64(i64::from(identity(c)?.0)))
    })
    .printed(Print::Hex),
    field("fd.dev.major", Int32, "Major number of the file's device.", |c, _| {
        Some(Value::I64(i64::from(get::major(identity(c)?.0))))
    }),
    field("fd.dev.minor", Int32, "Minor number of the file's device.", |c, _| {
        Some(Value::I64(i64::from(get::minor(identity(c)?.0))))
    }),
    field("fd.ino", Int64, "Inode number of the file.", |c, _| {
        Some(Value::I64(identity(c)?.1.cast_signed()))
    }),
    field("fd.nameraw", CharBuf, "Path as the process spelled it, runs of slashes made one.", |c, _| {
        Descriptor::of(c).filter(|fd| fd.is_told).map(|fd| Value::Text(fd.raw_name(c)))
    }),
    absent("fd.types", CharBuf, "Kinds of all open descriptors.", "there is no descriptor table")
        .shaped(Shape::List)
        .optional(ArgKind::Number)
        .with(flag::NO_RHS),
    field(
        "fd.matched_name",
        CharBuf,
        "The name of an opened file that a rule goes by: spelled, or resolved when only that one matched.",
        |c, _| get::matched_name(c),
    )
    .with(flag::HIDDEN | flag::NAME),
    field("fd.is_upper_layer", Bool, "Whether the file is in the upper layer of an overlay.", |c, _| {
        known(c, |fd| Some(Value::Bool(fd.is_layer(file::UPPER_LAYER))))
    }),
    field("fd.is_lower_layer", Bool, "Whether the file is in a lower layer of an overlay.", |c, _| {
        known(c, |fd| Some(Value::Bool(fd.is_layer(file::LOWER_LAYER))))
    }),
];
