//! Constants: text → value of the field's type.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::services;
use crate::rules::{
    error::CheckError,
    predicate::{Net, Scalar},
    value::Type,
};

/// Reads a constant as `ty`.
pub(super) fn typed(bytes: &[u8], ty: Type) -> Result<Scalar, CheckError> {
    let text = std::str::from_utf8(bytes).unwrap_or("\u{fffd}");
    let bad = |wanted| CheckError::Literal { found: text.to_owned(), wanted };
    match ty {
        Type::CharBuf | Type::FsPath | Type::FsRelPath | Type::ByteBuf | Type::Dyn => {
            Ok(Scalar::Text(bytes.into()))
        }
        Type::Bool => match text {
            "true" => Ok(Scalar::Bool(true)),
            "false" => Ok(Scalar::Bool(false)),
            _ => Err(bad("truth value: `true` or `false`")),
        },
        Type::IpAddr => address(text).map(Scalar::Ip).ok_or_else(|| bad("IP address")),
        Type::IpNet => network(text).map(Scalar::Net).ok_or_else(|| bad("network: write `address/bits`")),
        Type::Port => port(text).map(Scalar::Number).ok_or_else(|| bad("port or service")),
        Type::Double => {
            let number = integer(text).ok_or_else(|| bad("whole number"))?;
            #[expect(clippy::cast_precision_loss, reason = "a double is what it is compared with")]
            let number = number as f64;
            Ok(Scalar::Double(number))
        }
        _ => {
            integer(text).map(|number| Scalar::Number(wrapped(number, ty))).ok_or_else(|| bad("whole number"))
        }
    }
}

/// Decimal digits with a sign, blanks before them; what does not fit 64 bits is cut to the largest that does.
fn integer(text: &str) -> Option<i128> {
    let digits = text.trim_start();
    let (is_negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse::<i128>().unwrap_or(i128::MAX).min(i128::from(u64::MAX));
    Some(if is_negative { -number } else { number })
}

/// The number as its type keeps it: unsigned types wrap a sign, narrow types cut.
fn wrapped(number: i128, ty: Type) -> i128 {
    let signed = number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
    let unsigned = number as u64;
    match ty {
        Type::Int8 => i128::from(signed as i8),
        Type::Int16 => i128::from(signed as i16),
        Type::Int32 => i128::from(signed as i32),
        Type::Int64 => i128::from(signed),
        Type::Uint8 => i128::from(unsigned as u8),
        Type::Uint16 => i128::from(unsigned as u16),
        Type::Uint32 => i128::from(unsigned as u32),
        _ => i128::from(unsigned),
    }
}

fn port(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text).map(|number| wrapped(number, Type::Uint16));
    }
    services::port(text).map(i128::from)
}

fn address(text: &str) -> Option<IpAddr> {
    // A dot decides: an IPv4 address inside of an IPv6 one is no address to Falco.
    if text.contains('.') {
        text.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    } else {
        text.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    }
}

fn network(text: &str) -> Option<Net> {
    let (base, bits) = text.split_once('/')?;
    let base = address(base)?;
    let bits = u32::try_from(integer(bits)?).ok()?;
    let is_in_range = match base {
        IpAddr::V4(_) => bits <= 32,
        IpAddr::V6(_) => (1..=128).contains(&bits),
    };
    is_in_range.then_some(Net { base, bits })
}

/// The bytes that pairs of hexadecimal digits stand for.
pub(super) fn hex(text: &[u8]) -> Result<Vec<u8>, CheckError> {
    let found = String::from_utf8_lossy(text).into_owned();
    let bad = || CheckError::Literal { found: found.clone(), wanted: "even number of hexadecimal digits" };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(bad)
}
