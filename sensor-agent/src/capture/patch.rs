//! Writes the two magic instructions of `sensor-ebpf/accessors.c` before the object is loaded: aya has no relocation
//! for kernel functions, and the choice between plain loads and probe reads must be a constant to the verifier.

use super::CaptureError;

/// `r0 = imm`, imm 0x5EED0001.
const PLAIN: [u8; 8] = [0xb7, 0, 0, 0, 0x01, 0, 0xed, 0x5e];
/// Call of kernel function 0x5EED0002.
const CAST: [u8; 8] = [0x85, 0x20, 0, 0, 0x02, 0, 0xed, 0x5e];
/// `r0 = r1`
const MOVE: [u8; 8] = [0xbf, 0x10, 0, 0, 0, 0, 0, 0];

/// Object bytes for this kernel: with `cast`, the BTF id of `bpf_rdonly_cast`, kernel memory is read by plain loads;
/// without by `bpf_probe_read_kernel`.
pub(super) fn for_kernel(object: &[u8], cast: Option<u32>) -> Result<Vec<u8>, CaptureError> {
    let mut bytes = object.to_vec();
    let mut plain = PLAIN;
    plain[4..].copy_from_slice(&u32::from(cast.is_some()).to_le_bytes());
    let mut call = MOVE;
    if let Some(id) = cast {
        call = CAST;
        call[4..].copy_from_slice(&id.to_le_bytes());
    }
    if replace(&mut bytes, PLAIN, plain) == 0 {
        return Err(CaptureError::BadObject { what: "the switch of kernel reads" });
    }
    if replace(&mut bytes, CAST, call) == 0 {
        return Err(CaptureError::BadObject { what: "the call of bpf_rdonly_cast" });
    }
    Ok(bytes)
}

/// Instructions are 8 bytes and aligned in their sections, and sections in the file.
fn replace(bytes: &mut [u8], from: [u8; 8], to: [u8; 8]) -> usize {
    let mut count = 0;
    for instruction in bytes.chunks_exact_mut(8) {
        if instruction == from {
            instruction.copy_from_slice(&to);
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magic_instruction_is_written() {
        let object = [PLAIN, [1; 8], CAST, PLAIN].concat();
        let with = for_kernel(&object, Some(7)).expect("patched");
        assert_eq!(
            with,
            [
                [0xb7, 0, 0, 0, 1, 0, 0, 0],
                [1; 8],
                [0x85, 0x20, 0, 0, 7, 0, 0, 0],
                [0xb7, 0, 0, 0, 1, 0, 0, 0]
            ]
            .concat()
        );
        let without = for_kernel(&object, None).expect("patched");
        assert_eq!(
            without,
            [[0xb7, 0, 0, 0, 0, 0, 0, 0], [1; 8], MOVE, [0xb7, 0, 0, 0, 0, 0, 0, 0]].concat()
        );
    }

    #[test]
    fn an_object_without_them_is_refused() {
        assert!(matches!(for_kernel(&[0; 64], None), Err(CaptureError::BadObject { .. })));
    }
}
