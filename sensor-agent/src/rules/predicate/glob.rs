//! Shell patterns as `fnmatch` with flags 0 has them: `*` and `?` match slashes, leading dots are nothing special.

use memchr::memchr;

/// Whether `text` matches `pattern`; with `fold`, whatever the case of ASCII letters.
pub fn glob(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `*` does not match: give it one byte more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            (None, None) => return true,
            (Some(_), Some(byte)) => one(pattern, p, *byte, fold),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => (p, t) = (next, t + 1),
            (None, Some((star, from))) if from < text.len() => {
                retry = Some((star, from + 1));
                (p, t) = (star, from + 1);
            }
            (None, _) => return false,
        }
    }
}

/// Matches one byte against what stands at `at`; returns where the pattern goes on.
fn one(pattern: &[u8], at: usize, byte: u8, fold: bool) -> Option<usize> {
    let same = |a: u8, b: u8| if fold { a.eq_ignore_ascii_case(&b) } else { a == b };
    match pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => match bracket(pattern, at + 1, byte, fold) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            // Without its end a bracket is an ordinary byte.
            None => same(b'[', byte).then_some(at + 1),
        },
        // At the end of the pattern a backslash matches nothing.
        b'\\' => same(*pattern.get(at + 1)?, byte).then_some(at + 2),
        literal => same(*literal, byte).then_some(at + 1),
    }
}

/// A bracket expression whose inside starts at `at`: whether `byte` is in it, and what follows it.
fn bracket(pattern: &[u8], mut at: usize, byte: u8, fold: bool) -> Option<(bool, usize)> {
    let is_negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(is_negated);
    let first = at;
    let mut is_in = false;
    loop {
        let mut low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((is_in != is_negated, at + 1));
        }
        if low == b'[' && pattern.get(at + 1) == Some(&b':') {
            let rest = pattern.get(at + 2..)?;
            if let Some(end) = rest.windows(2).position(|two| two == b":]") {
                is_in |= class(rest.get(..end)?, byte, fold);
                at += end + 4;
                continue;
            }
        }
        if low == b'\\' {
            at += 1;
            low = *pattern.get(at)?;
        }
        at += 1;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|next| *next != b']') {
            at += 1;
            if pattern.get(at) == Some(&b'\\') {
                at += 1;
            }
            high = *pattern.get(at)?;
            at += 1;
        }
        let within = |byte: u8| (low..=high).contains(&byte);
        is_in |= within(byte)
            || (fold && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase())));
    }
}

fn class(name: &[u8], byte: u8, fold: bool) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" | b"lower" if fold => byte.is_ascii_alphabetic(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => byte == b' ' || byte == b'\t',
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Whether `needle`, which is in lower case, is in `text` whatever the case of ASCII letters.
pub fn contains_folded(needle: &[u8], text: &[u8]) -> bool {
    text.windows(needle.len().max(1)).any(|window| window.eq_ignore_ascii_case(needle)) || needle.is_empty()
}

/// Whether a pattern is more than a text.
pub(super) fn is_pattern(text: &[u8]) -> bool {
    [b'*', b'?', b'['].into_iter().any(|special| memchr(special, text).is_some())
}
