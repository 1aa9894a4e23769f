// SPDX-License-Identifier: MIT OR Apache-2.0
//! What caller and service say to each other: one order, one answer, each of a
//! fixed size in fixed-width words, so that a 32-bit program and a 64-bit one
//! understand each other. The only file that both sides share. Pure code.
//!
//! An order names one of a few operations and never a system call by its
//! number. What arrives is copied before it is read, and believed in nothing:
//! `Order::decode` admits exactly what `request` can have planned.

use crate::arch::{Arguments, SystemCall};
use crate::errno::Errno;
use crate::flags;
use crate::perform::Step;
use crate::request::{After, MapPlan, UnmapPlan};
use libc::c_int;

/// The first word of each order and answer: the name of this form of them.
const FORM: u64 = u64::from_le_bytes(*b"mmanpr/1");

const ORDER_WORDS: usize = 9;
pub(crate) const ORDER_SIZE: usize = ORDER_WORDS * 8;
const ANSWER_WORDS: usize = 4;
pub(crate) const ANSWER_SIZE: usize = ANSWER_WORDS * 8;

/// What a caller may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Nothing: would the service take an order of this caller's?
    Nothing,
    /// A mapping; its object, if it has one, comes as a descriptor with the order.
    Map(Map),
    Unmap(UnmapPlan),
    Range(Range),
    /// Further orders may come by a desk, whose file comes with this one.
    Desk,
    /// The object behind a range of the process's that others may map.
    Region(Wanted),
}

/// A range that a caller wants to map itself, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub addr: usize,
    pub len: usize,
    pub read: bool,
    pub write: bool,
}

/// A `MapPlan` on its way: the descriptor travels beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Map {
    pub plan: MapPlan,
    pub has_object: bool,
}

/// One call on a range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub what: OnRange,
    pub addr: usize,
    pub len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnRange {
    /// mlock2(MLOCK_ONFAULT).
    Lock,
    Unlock,
    /// madvise(MADV_POPULATE_READ), since Linux 5.14.
    BringIn,
    /// madvise(MADV_POPULATE_WRITE), likewise.
    BringInForWriting,
}

impl OnRange {
    /// Each with its number on the wire.
    const ALL: [(u64, OnRange); 4] =
        [(1, OnRange::Lock), (2, OnRange::Unlock), (3, OnRange::BringIn), (4, OnRange::BringInForWriting)];

    fn call(self) -> (SystemCall, c_int) {
        match self {
            OnRange::Lock => (SystemCall::Mlock2, libc::MLOCK_ONFAULT as c_int),
            OnRange::Unlock => (SystemCall::Munlock, 0),
            OnRange::BringIn => (SystemCall::Madvise, libc::MADV_POPULATE_READ),
            OnRange::BringInForWriting => (SystemCall::Madvise, libc::MADV_POPULATE_WRITE),
        }
    }
}

impl Range {
    /// The order for a call, if it is one of those.
    pub fn of(call: SystemCall, arguments: &Arguments) -> Option<Range> {
        let [addr, len, last, ..] = *arguments;
        let (_, what) = OnRange::ALL.into_iter().find(|(_, what)| {
            let (its, argument) = what.call();
            its == call && (argument as u64 == last || call == SystemCall::Munlock)
        })?;
        Some(Range { what, addr: usize::try_from(addr).ok()?, len: usize::try_from(len).ok()? })
    }

    pub fn call(&self) -> (SystemCall, Arguments) {
        let (call, argument) = self.what.call();
        (call, [self.addr as u64, self.len as u64, argument as u64, 0, 0, 0])
    }
}

/// Why an order is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// No order of this form, or one that nobody can have planned.
    Strange,
    /// An address or a length beyond what a program of this width has.
    TooWide,
    /// From a caller of a smaller width, which could not hold the result.
    FromNarrower,
}

const HAS_OBJECT: u64 = 1;
const NOT_INHERITED: u64 = 2;
const LOCK: u64 = 4;

impl Order {
    pub fn map(plan: &MapPlan) -> Order {
        // What the caller sees to itself does not travel.
        let after = After { populate: false, ..plan.after };
        let has_object = plan.file.is_some();
        Order::Map(Map { plan: MapPlan { file: None, physical: false, shift: 0, after, ..*plan }, has_object })
    }

    /// Whether a descriptor comes with it.
    pub fn has_object(&self) -> bool {
        matches!(self, Order::Map(Map { has_object: true, .. }) | Order::Desk)
    }

    pub fn encode(&self) -> [u8; ORDER_SIZE] {
        let kind_and_width = |kind: u64| kind | (usize::BITS as u64) << 32;
        let words = match *self {
            Order::Nothing => [FORM, kind_and_width(1), 0, 0, 0, 0, 0, 0, 0],
            Order::Desk => [FORM, kind_and_width(5), 0, 0, 0, 0, 0, 0, 0],
            Order::Region(Wanted { addr, len, read, write }) => {
                let needs = u64::from(read) | u64::from(write) << 1;
                [FORM, kind_and_width(6), addr as u64, len as u64, needs, 0, 0, 0, 0]
            }
            Order::Map(Map { plan, has_object }) => {
                let bits = if has_object { HAS_OBJECT } else { 0 }
                    | if plan.after.not_inherited { NOT_INHERITED } else { 0 }
                    | if plan.after.lock { LOCK } else { 0 };
                let (addr, len, guard) = (plan.addr as u64, plan.len as u64, plan.after.guard as u64);
                let (prot, flags) = (u64::from(plan.prot as u32), u64::from(plan.flags as u32));
                [FORM, kind_and_width(2), addr, len, prot, flags, plan.off, guard, bits]
            }
            Order::Unmap(UnmapPlan { addr, len }) => [FORM, kind_and_width(3), addr as u64, len as u64, 0, 0, 0, 0, 0],
            Order::Range(Range { what, addr, len }) => {
                let number = OnRange::ALL.iter().find(|(_, w)| *w == what).map_or(0, |(n, _)| *n);
                [FORM, kind_and_width(4), addr as u64, len as u64, number, 0, 0, 0, 0]
            }
        };
        to_bytes(&words)
    }

    /// What the bytes say, for a process with pages of this size.
    pub fn decode(bytes: &[u8; ORDER_SIZE], page: usize) -> Result<Order, Bad> {
        let [form, kind, addr, len, a, b, c, d, e] = to_words::<ORDER_WORDS>(bytes);
        if form != FORM {
            return Err(Bad::Strange);
        }
        match kind >> 32 {
            32 | 64 if kind >> 32 >= usize::BITS as u64 => {}
            32 => return Err(Bad::FromNarrower),
            _ => return Err(Bad::Strange),
        }
        let fits = |n: u64| usize::try_from(n).map_err(|_| Bad::TooWide);
        let or_strange = |holds: bool| if holds { Ok(()) } else { Err(Bad::Strange) };
        let whole = |n: u64| n % page as u64 == 0;
        match kind & 0xffff_ffff {
            1 => or_strange([addr, len, a, b, c, d, e] == [0; 7]).map(|()| Order::Nothing),
            2 => {
                let (prot, flags) = (a as u32 as c_int, b as u32 as c_int);
                or_strange(u64::from(prot as u32) == a && u64::from(flags as u32) == b)?;
                or_strange(e & !(HAS_OBJECT | NOT_INHERITED | LOCK) == 0)?;
                let has_object = e & HAS_OBJECT != 0;
                or_strange(prot & !(flags::PROTECTIONS & !flags::PROT_NOCACHE) == 0)?;
                or_strange(flags::for_linux(flags) == flags)?;
                or_strange(matches!(flags & flags::MAP_TYPE, libc::MAP_SHARED | libc::MAP_PRIVATE))?;
                or_strange((flags & libc::MAP_ANONYMOUS != 0) != has_object)?;
                or_strange(len > 0 && whole(addr) && whole(len) && whole(c) && whole(d) && (d == 0 || d <= len))?;
                // What this ABI's mmap() can be asked for is looked at where it is made.
                let after = After {
                    guard: fits(d)?,
                    not_inherited: e & NOT_INHERITED != 0,
                    lock: e & LOCK != 0,
                    populate: false,
                };
                let (addr, len) = (fits(addr)?, fits(len)?);
                let plan = MapPlan { addr, len, prot, flags, file: None, physical: false, off: c, shift: 0, after };
                Ok(Order::Map(Map { plan, has_object }))
            }
            3 => {
                or_strange([a, b, c, d, e] == [0; 5] && len > 0 && whole(addr) && whole(len))?;
                Ok(Order::Unmap(UnmapPlan { addr: fits(addr)?, len: fits(len)? }))
            }
            4 => {
                or_strange([b, c, d, e] == [0; 4])?;
                let (_, what) = OnRange::ALL.into_iter().find(|(n, _)| *n == a).ok_or(Bad::Strange)?;
                Ok(Order::Range(Range { what, addr: fits(addr)?, len: fits(len)? }))
            }
            5 => or_strange([addr, len, a, b, c, d, e] == [0; 7]).map(|()| Order::Desk),
            6 => {
                or_strange([b, c, d, e] == [0; 4] && (1..=3).contains(&a))?;
                or_strange(len > 0 && whole(addr) && whole(len) && addr.checked_add(len).is_some())?;
                let (read, write) = (a & 1 != 0, a & 2 != 0);
                Ok(Order::Region(Wanted { addr: fits(addr)?, len: fits(len)?, read, write }))
            }
            _ => Err(Bad::Strange),
        }
    }
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done; an address. Of `Nothing` and `Desk` it is the service's birth, by
    /// which two services of one process can be told apart.
    Done(u64),
    /// The kernel refused this step, and what had been done is undone.
    Refused(Step, Errno),
    /// The object is to come with a message: it could not be fetched.
    ByMessage,
    /// The target's table of descriptors has no room for the object.
    Full,
    /// The caller may not.
    Forbidden,
    /// Beyond what the target's ABI has.
    TooWide,
    /// The range begins with so many bytes of the object that comes along, from there on.
    Region { offset: u64, len: u64 },
    /// Nothing for the service, which would hurt itself or cannot know: by the
    /// other engine, if at all.
    Elsewhere,
}

impl Answer {
    pub fn encode(&self) -> [u8; ANSWER_SIZE] {
        let words = match *self {
            Answer::Done(value) => [FORM, 1, value, 0],
            Answer::Refused(step, errno) => [FORM, 2, step as u64, errno.0 as u64],
            Answer::Forbidden => [FORM, 3, 0, 0],
            Answer::TooWide => [FORM, 4, 0, 0],
            Answer::Elsewhere => [FORM, 5, 0, 0],
            Answer::Full => [FORM, 6, 0, 0],
            Answer::ByMessage => [FORM, 7, 0, 0],
            Answer::Region { offset, len } => [FORM, 8, offset, len],
        };
        to_bytes(&words)
    }

    /// None: no answer of this form.
    pub fn decode(bytes: &[u8; ANSWER_SIZE]) -> Option<Answer> {
        match to_words::<ANSWER_WORDS>(bytes) {
            [FORM, 1, value, 0] => Some(Answer::Done(value)),
            [FORM, 2, step, errno @ 1..=4095] => Some(Answer::Refused(Step::numbered(step)?, Errno(errno as i32))),
            [FORM, 3, 0, 0] => Some(Answer::Forbidden),
            [FORM, 4, 0, 0] => Some(Answer::TooWide),
            [FORM, 5, 0, 0] => Some(Answer::Elsewhere),
            [FORM, 6, 0, 0] => Some(Answer::Full),
            [FORM, 7, 0, 0] => Some(Answer::ByMessage),
            [FORM, 8, offset, len] => Some(Answer::Region { offset, len }),
            _ => None,
        }
    }
}

fn to_bytes<const WORDS: usize, const SIZE: usize>(words: &[u64; WORDS]) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn to_words<const WORDS: usize>(bytes: &[u8]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (place, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        *place = u64::from_le_bytes(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: usize = 4096;

    fn map_plan() -> impl Strategy<Value = MapPlan> {
        let types = prop_oneof![Just(libc::MAP_SHARED), Just(libc::MAP_PRIVATE)];
        (0..1usize << 20, 1..1usize << 20, 0..8i32, types, any::<bool>(), 0..1u64 << 30, any::<(bool, bool)>())
            .prop_map(|(addr, pages, prot, kind, object, off, (not_inherited, lock))| {
                let flags = kind | if object { 0 } else { libc::MAP_ANONYMOUS };
                let facts = crate::request::FileFacts {
                    readable: true,
                    writable: true,
                    directory: false,
                    regular: true,
                    plain: true,
                };
                let after = After { guard: 0, not_inherited, lock, populate: false };
                MapPlan {
                    addr: addr * PAGE,
                    len: pages * PAGE,
                    prot,
                    flags,
                    file: object.then_some((7, facts)),
                    physical: false,
                    off: off * PAGE as u64,
                    shift: 0,
                    after,
                }
            })
    }

    #[test]
    fn calls_on_ranges_are_those_and_no_others() {
        let lock = [4096, 8192, libc::MLOCK_ONFAULT as u64, 0, 0, 0];
        let order = Range::of(SystemCall::Mlock2, &lock).expect("an order");
        assert_eq!(order.call(), (SystemCall::Mlock2, lock));
        assert_eq!(Range::of(SystemCall::Mlock2, &[4096, 8192, 0, 0, 0, 0]), None);
        assert_eq!(Range::of(SystemCall::Madvise, &[4096, 8192, libc::MADV_DONTNEED as u64, 0, 0, 0]), None);
        assert_eq!(Range::of(SystemCall::Mprotect, &[4096, 8192, 0, 0, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn a_plan_arrives_as_it_was(plan in map_plan()) {
            let order = Order::map(&plan);
            prop_assert_eq!(order.has_object(), plan.file.is_some());
            prop_assert_eq!(Order::decode(&order.encode(), PAGE), Ok(order));
        }

        #[test]
        fn any_bytes_are_an_order_that_encodes_to_them_or_none(noise: [u8; ORDER_SIZE], good: bool, kind in 0u8..8) {
            let mut bytes = noise;
            if good {
                bytes[..8].copy_from_slice(&FORM.to_le_bytes());
                bytes[8..16].copy_from_slice(&(u64::from(kind) | (usize::BITS as u64) << 32).to_le_bytes());
            }
            if let Ok(order) = Order::decode(&bytes, PAGE) {
                prop_assert_eq!(order.encode(), bytes);
            }
        }

        #[test]
        fn one_bit_makes_another_order_or_none(plan in map_plan(), bit in 0..ORDER_SIZE * 8) {
            let order = Order::map(&plan);
            let mut bytes = order.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match Order::decode(&bytes, PAGE) {
                Ok(other) => {
                    prop_assert_ne!(other, order);
                    if let Order::Map(Map { plan, has_object }) = other {
                        prop_assert_eq!(plan.flags & libc::MAP_ANONYMOUS == 0, has_object);
                        prop_assert!(plan.len > 0 && plan.len % PAGE == 0 && plan.addr % PAGE == 0);
                        prop_assert!(plan.after.guard <= plan.len);
                    }
                }
                Err(bad) => prop_assert!(matches!(bad, Bad::Strange | Bad::TooWide | Bad::FromNarrower)),
            }
        }

        #[test]
        fn answers_arrive_or_are_none(noise: [u8; ANSWER_SIZE], value: u64, errno in 1..4096i32) {
            if let Some(answer) = Answer::decode(&noise) {
                prop_assert_eq!(answer.encode(), noise);
            }
            for answer in [Answer::Done(value), Answer::Refused(Step::Lock, Errno(errno)), Answer::Full] {
                prop_assert_eq!(Answer::decode(&answer.encode()), Some(answer));
            }
        }
    }
}
