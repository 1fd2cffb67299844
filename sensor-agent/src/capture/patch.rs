//! Writes the magic instructions of `sensor-ebpf/accessors.c` before the object is loaded: aya has no relocation for kernel
//! functions, and the choice between plain loads and probe reads must be a constant to the verifier.

use super::CaptureError;

/// `r0 = imm`, imm 0x5EED0001.
const PLAIN: [u8; 8] = [0xb7, 0, 0, 0, 0x01, 0, 0xed, 0x5e];
/// Call of kernel function 0x5EED0002.
const CAST: [u8; 8] = [0x85, 0x20, 0, 0, 0x02, 0, 0xed, 0x5e];
/// `r0 = imm`, imm 0x5EED0003. Only in arm64's object: x86-64 has one page size.
const PAGE_SHIFT: [u8; 8] = [0xb7, 0, 0, 0, 0x03, 0, 0xed, 0x5e];
/// `r0 = r1`
const MOVE: [u8; 8] = [0xbf, 0x10, 0, 0, 0, 0, 0, 0];

/// The unit of what records tell in pages.
const TOLD_PAGE: usize = 4096;

/// Object bytes for this kernel: with `cast`, the BTF id of `bpf_rdonly_cast`, kernel memory is read by plain loads;
/// without by `bpf_probe_read_kernel`. Pages of `page_bytes` are told in units of 4 KiB.
pub(super) fn for_kernel(
    object: &[u8],
    cast: Option<u32>,
    page_bytes: usize,
) -> Result<Vec<u8>, CaptureError> {
    let mut bytes = object.to_vec();
    let plain = with_immediate(PLAIN, cast.is_some().into());
    let mut call = MOVE;
    if let Some(id) = cast {
        call = with_immediate(CAST, id);
    }
    if replace(&mut bytes, PLAIN, plain) == 0 {
        return Err(CaptureError::BadObject { what: "the switch of kernel reads" });
    }
    if replace(&mut bytes, CAST, call) == 0 {
        return Err(CaptureError::BadObject { what: "the call of bpf_rdonly_cast" });
    }
    let shift = page_bytes.trailing_zeros().saturating_sub(TOLD_PAGE.trailing_zeros());
    let n_shifts = replace(&mut bytes, PAGE_SHIFT, with_immediate(PAGE_SHIFT, shift));
    if page_bytes != TOLD_PAGE && n_shifts == 0 {
        return Err(CaptureError::BadObject { what: "the size of pages" });
    }
    Ok(bytes)
}

fn with_immediate(mut instruction: [u8; 8], value: u32) -> [u8; 8] {
    instruction[4..].copy_from_slice(&value.to_le_bytes());
    instruction
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

    const fn load(value: u8) -> [u8; 8] {
        [0xb7, 0, 0, 0, value, 0, 0, 0]
    }

    #[test]
    fn every_magic_instruction_is_written() {
        let object = [PLAIN, [1; 8], CAST, PLAIN, PAGE_SHIFT].concat();
        let with = for_kernel(&object, Some(7), 4096).expect("patched");
        let cast = [0x85, 0x20, 0, 0, 7, 0, 0, 0];
        assert_eq!(with, [load(1), [1; 8], cast, load(1), load(0)].concat());
        let without = for_kernel(&object, None, 65_536).expect("patched");
        assert_eq!(without, [load(0), [1; 8], MOVE, load(0), load(4)].concat());
    }

    #[test]
    fn an_object_without_them_is_refused() {
        let pages_of_64_kib = [PLAIN, CAST].concat();
        for (object, page_bytes) in [(&[0; 64][..], 4096), (&pages_of_64_kib, 65_536)] {
            let refused = for_kernel(object, None, page_bytes);
            assert!(matches!(refused, Err(CaptureError::BadObject { .. })), "{page_bytes}");
        }
        for_kernel(&pages_of_64_kib, None, 4096).expect("x86-64 has no other pages");
    }
}
