// SPDX-License-Identifier: MIT OR Apache-2.0
//! How 32-bit programs of x86 call the kernel, whichever width the tracer has:
//! `int $0x80`, numbers of their own (arch/x86/entry/syscalls/syscall_32.tbl),
//! words of 32 bits. Registers are `x86.rs`'s and `x86_64.rs`'s.

use super::{Arguments, Reach, SystemCall, Timeout};

/// int $0x80. The vdso has it, too, where it prefers sysenter or syscall: a
/// call that is restarted enters by it.
pub(super) const ENTER_KERNEL: [u8; 2] = [0xcd, 0x80];

pub(super) const WORD: usize = 4;

/// TASK_SIZE under a 64-bit kernel (IA32_PAGE_OFFSET).
pub(super) const USER_SPACE_END: u64 = 0xffff_e000;

/// mmap2(2) takes the offset in pages of 4096 bytes.
const OFFSET_UNIT: u64 = 4096;

pub(super) const REACH: Reach =
    Reach { addresses: 1 << 32, user_space_end: USER_SPACE_END, offsets: OFFSET_UNIT << 32 };

/// Without it a file of 2 GiB and more cannot be opened (open(2)).
const O_LARGEFILE: u64 = 0o100_000;

/// The number of a call, and its arguments in 32 bits: what does not fit is
/// the business of whoever checks the plan (`Reach`).
pub(super) fn place(call: SystemCall, mut arguments: Arguments) -> (usize, [usize; 6]) {
    let number = match call {
        SystemCall::Mmap => {
            arguments[5] /= OFFSET_UNIT;
            192
        }
        SystemCall::Openat => {
            arguments[2] |= O_LARGEFILE;
            295
        }
        SystemCall::Munmap => 91,
        SystemCall::Mprotect => 125,
        SystemCall::Madvise => 219,
        SystemCall::Mlock => 150,
        SystemCall::Mlock2 => 376,
        SystemCall::Munlock => 151,
        SystemCall::Socket => 359,
        SystemCall::Recvmsg => 372,
        SystemCall::Close => 6,
        SystemCall::CloseRange => 436,
    };
    (number, arguments.map(|argument| argument as u32 as usize))
}

/// Whether the call answers any stop with a bare -EINTR, and where its timeout
/// is: the calls of x86_64's list, in each of the forms that they have here.
pub(super) fn answers_bare_eintr(number: i64, arguments: &[usize; 6]) -> Option<Timeout> {
    Some(match number {
        // epoll_wait, epoll_pwait; epoll_pwait2.
        256 | 319 => Timeout::Millis(3),
        441 => Timeout::Timespec(3),
        // ipc(2): SEMOP and SEMTIMEDOP, above them a version. semtimedop_time64.
        117 => match arguments[0] & 0xffff {
            1 => Timeout::None,
            4 => Timeout::Timespec32(5),
            _ => return None,
        },
        420 => Timeout::Timespec(3),
        // rt_sigtimedwait, rt_sigtimedwait_time64.
        177 => Timeout::Timespec32(2),
        421 => Timeout::Timespec(2),
        // recvfrom, recvmsg, recvmmsg, recvmmsg_time64; accept4, connect; sendto, sendmsg, sendmmsg.
        371 | 372 | 337 | 417 | 364 | 362 | 369 | 370 | 345 => Timeout::Elsewhere,
        // read, readv, write, writev.
        3 | 145 | 4 | 146 => Timeout::OfSocket,
        // socketcall(2): connect, accept, send, recv, sendto, recvfrom, sendmsg,
        // recvmsg, accept4, recvmmsg, sendmmsg.
        102 => match arguments[0] {
            3 | 5 | 9 | 10 | 11 | 12 | 16 | 17 | 18 | 19 | 20 => Timeout::Elsewhere,
            _ => return None,
        },
        // io_getevents, io_pgetevents, io_pgetevents_time64; io_uring_enter.
        247 | 385 => Timeout::Timespec32(4),
        416 => Timeout::Timespec(4),
        426 => Timeout::IoUring,
        _ => return None,
    })
}

/// vfork(2) in any form: its caller sleeps uninterruptibly until the child has let go.
pub(super) fn waits_for_a_child(number: i64, arguments: &[usize; 6]) -> bool {
    const CLONE: i64 = 120;
    const VFORK: i64 = 190;
    const CLONE3: i64 = 435;
    // clone3()'s flags lie in memory; without CLONE_VFORK it does not sleep.
    [VFORK, CLONE3].contains(&number) || number == CLONE && arguments[0] & libc::CLONE_VFORK as usize != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_counted_in_pages() {
        let minus_one = u64::MAX;
        let (number, placed) = place(SystemCall::Mmap, [0x1000, 0x2000, 3, 0x22, minus_one, 0x1_2345_6000]);
        assert_eq!((number, placed), (192, [0x1000, 0x2000, 3, 0x22, 0xffff_ffff, 0x12_3456]));
        assert_eq!(place(SystemCall::Openat, [0, 0, 2, 0, 0, 0]).1[2], 0o100_002);
    }

    #[test]
    fn of_a_multiplexed_call_the_first_argument_decides() {
        let ipc = |call| answers_bare_eintr(117, &[call, 0, 0, 0, 0, 0]);
        assert_eq!(ipc(1), Some(Timeout::None));
        assert_eq!(ipc(1 << 16 | 4), Some(Timeout::Timespec32(5)));
        assert_eq!(ipc(12), None); // msgrcv restarts by itself
        assert_eq!(answers_bare_eintr(102, &[1, 0, 0, 0, 0, 0]), None); // socket
        assert_eq!(answers_bare_eintr(102, &[17, 0, 0, 0, 0, 0]), Some(Timeout::Elsewhere));
    }

    #[test]
    fn close_is_never_restarted() {
        assert_eq!(answers_bare_eintr(6, &[0; 6]), None);
    }
}
