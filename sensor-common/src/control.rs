//! What user space tells the kernel side: values of small mmapable arrays, so that reading and updating them
//! needs no capability after start.

/// Map names, kernel object and loader alike.
pub mod map {
    /// The one ring buffer.
    pub const RING: &str = "RING";
    /// Array of one [`super::Control`].
    pub const CONTROL: &str = "CONTROL";
    /// Array of one `u32`: set by the consumer before it sleeps, cleared by the producer that wakes it.
    pub const ASLEEP: &str = "ASLEEP";
    /// Array of [`crate::ledger::CpuLedger`], one per possible CPU.
    pub const LEDGER: &str = "LEDGER";
    /// Who lost events.
    pub const VICTIMS: &str = "VICTIMS";
    /// Array of scratch space, one element per possible CPU.
    pub const SCRATCH: &str = "SCRATCH";
    /// Program array of the `sys_exit` dispatcher, by syscall number.
    pub const EXIT_PROGRAMS: &str = "EXIT_PROGRAMS";
    /// LRU of processes that user space has been told of: tgid to start time.
    pub const KNOWN: &str = "KNOWN";
}

/// Processes of the agent that make themselves known; a power of two.
pub const SEATS: usize = 4;

/// System call numbers that the interest bitmap covers.
pub const NUMBERS: usize = 512;

/// Policy that the hooks read; one value, written by user space through its mapping.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Bit `nr`: a loaded rule wants this native system call.
    pub interest: [u64; NUMBERS / 64],
    /// The same for the numbers of the 32-bit table: such calls are counted, not decoded.
    pub interest_32: [u64; NUMBERS / 64],
    /// Ledger slot by native system call number; 0 without a row.
    pub slot_of: [u16; NUMBERS],
    /// Counts policy changes; stamped on every record.
    pub generation: u32,
    /// Tgids of the agent's processes in the initial pid namespace (learnt by handshake); 0 before.
    pub own_tgids: [u32; SEATS],
    /// Which of them the next handshake is about.
    pub seat: u32,
    /// Thread of the agent whose events pass (the canary).
    pub canary_tid: u32,
    /// Data records are refused when fewer ring bytes than this are free.
    pub reserve_bytes: u32,
    /// Bytes of the ring.
    pub ring_bytes: u32,
    /// Bytes that one look at the ring's fill lets a CPU's data records take: a small part of the reserve, divided
    /// by the CPUs, so that the looks (a helper call each) become rare.
    pub grant_bytes: u32,
    /// Written by the kernel side: counts the processes that must be told again although they live (an exec whose
    /// record was lost).
    pub forgotten: u32,
    /// A nonce the agent is about to use in the handshake call; 0 outside the handshake.
    pub handshake: u32,
}
