//! Memory shared with the kernel side: a mmapable array, or a ring's position page, as atomic words. The one room of
//! the agent with `unsafe`.
#![expect(
    unsafe_code,
    reason = "mapping kernel memory has no safe interface; all of it is behind bounds checks here"
)]

use std::{
    os::fd::BorrowedFd,
    ptr::NonNull,
    sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::CaptureError;

/// A shared mapping; dropped, it is unmapped.
#[derive(Debug)]
pub(super) struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory is only touched through atomics and lives until the drop.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes (rounded up to pages) of `fd` from `offset`, for writing too if `writable`.
    pub(super) fn new(
        fd: BorrowedFd<'_>,
        offset: u64,
        len: usize,
        writable: bool,
    ) -> Result<Self, CaptureError> {
        let page = rustix::param::page_size();
        let len = len.next_multiple_of(page);
        let protection = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: a new mapping at an address of the kernel's choice aliases nothing.
        let start = unsafe { mmap(std::ptr::null_mut(), len, protection, MapFlags::SHARED, fd, offset) }
            .map_err(|error| CaptureError::Sys { call: "mmap of a BPF map", source: error.into() })?;
        let start = NonNull::new(start.cast())
            .ok_or(CaptureError::BadObject { what: "a mapping at address zero" })?;
        Ok(Self { start, len })
    }

    /// The address of an aligned word of `size` bytes at `offset`; `None` outside the mapping.
    fn word(&self, offset: usize, size: usize) -> Option<*mut u8> {
        let end = offset.checked_add(size)?;
        if end > self.len || !offset.is_multiple_of(size) {
            return None;
        }
        // SAFETY: inside the mapping, checked above.
        Some(unsafe { self.start.as_ptr().add(offset) })
    }

    /// Reads 8 bytes; zero outside the mapping.
    pub(super) fn u64(&self, offset: usize) -> u64 {
        // SAFETY: aligned, inside, and shared only through atomics.
        self.word(offset, 8)
            .map_or(0, |word| unsafe { AtomicU64::from_ptr(word.cast()) }.load(Ordering::Acquire))
    }

    /// Reads 4 bytes; zero outside the mapping.
    pub(super) fn u32(&self, offset: usize) -> u32 {
        // SAFETY: as above.
        self.word(offset, 4)
            .map_or(0, |word| unsafe { AtomicU32::from_ptr(word.cast()) }.load(Ordering::Acquire))
    }

    /// Writes 8 bytes of a writable mapping; nothing outside.
    pub(super) fn set_u64(&self, offset: usize, value: u64) {
        if let Some(word) = self.word(offset, 8) {
            // SAFETY: as above; sequentially consistent, as sleeping depends on what is read after.
            unsafe { AtomicU64::from_ptr(word.cast()) }.store(value, Ordering::SeqCst);
        }
    }

    /// Writes 4 bytes of a writable mapping; nothing outside.
    pub(super) fn set_u32(&self, offset: usize, value: u32) {
        if let Some(word) = self.word(offset, 4) {
            // SAFETY: as above.
            unsafe { AtomicU32::from_ptr(word.cast()) }.store(value, Ordering::SeqCst);
        }
    }

    /// Writes 2 bytes of a writable mapping; nothing outside.
    pub(super) fn set_u16(&self, offset: usize, value: u16) {
        if let Some(word) = self.word(offset, 2) {
            // SAFETY: as above.
            unsafe { AtomicU16::from_ptr(word.cast()) }.store(value, Ordering::SeqCst);
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing borrows it any more. A failure leaks it, which harms nobody.
        let _unmapped = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
    }
}
