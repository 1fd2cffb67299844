//! Exit codes and how an error with its causes is printed.

use std::io;

use super::{AppError, Chain};
use crate::{
    app::{cli::Cli, config::ConfigError},
    capture::CaptureError,
};

#[test]
fn exit_codes() {
    let denied = || Box::new(io::Error::from(io::ErrorKind::PermissionDenied));
    let cases = [
        (Cli::parse(["saker".into(), "--help".into()]).expect_err("help"), 0),
        (Cli::parse(["saker".into(), "--hlp".into()]).expect_err("misspelled"), 1),
        (ConfigError::NoOutput.into(), 1),
        (AppError::Rules { report: String::new() }, 1),
        (CaptureError::RingSize { bytes: 3, page_bytes: 4096 }.into(), 1),
        (CaptureError::NoObject.into(), 2),
        (CaptureError::OldKernel { release: "4.19".into() }.into(), 2),
        (CaptureError::Blind.into(), 2),
        (CaptureError::NotPermitted { source: denied() }.into(), 3),
        (AppError::Environment { action: "listen".into(), source: io::ErrorKind::AddrInUse.into() }, 4),
        (AppError::Pidfile { path: "/x".into(), source: io::ErrorKind::NotFound.into() }, 255),
    ];
    for (error, code) in cases {
        assert_eq!(error.exit_code(), code, "{error}");
    }
}

#[test]
fn an_error_is_printed_with_its_causes_once() {
    let source = io::Error::other("disk is full");
    let error = AppError::Output { action: "write", path: "/x/y".into(), source };
    assert_eq!(Chain(&error).to_string(), "Error: cannot write /x/y\n  because: disk is full");
    let error = AppError::from(ConfigError::NoOutput);
    assert_eq!(Chain(&error).to_string().lines().count(), 1);
}
