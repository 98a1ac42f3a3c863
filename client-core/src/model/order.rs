//! The order in which a fold takes a document's entries: the relay's, which is the same for all
//! who hold the document. What has no sequence yet (own unsent work) comes last.
//!
//! Device clocks play no part. Pure: the sequences come from whoever keeps the changes.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use yizhan_proto::{ActorId, Sequence, Timestamp};

/// The place of an operation in a document's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a change with this sequence of the relay's; then the operation's counter in it.
    Kept(Sequence, u64),
    /// In a change that the relay has not taken yet: by counter, then by actor. Counters only
    /// grow along what builds on each other, so own work keeps the order in which it was done.
    Unsent(u64, ActorId),
}

/// Which sequence the changes of one document have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// By actor and first counter: last counter, sequence, and when the relay received it.
    changes: BTreeMap<(ActorId, u64), (u64, Sequence, Option<Timestamp>)>,
}

impl Order {
    /// From the changes of a document: who wrote each, the counters of its operations, and its
    /// sequence (`None`: the relay has not taken it yet).
    #[must_use]
    pub fn new(
        changes: impl IntoIterator<Item = (ActorId, RangeInclusive<u64>, Option<Sequence>)>,
    ) -> Self {
        let kept = changes
            .into_iter()
            .map(|(actor, ops, sequence)| (actor, ops, sequence.map(|sequence| (sequence, None))));
        Self::received(kept)
    }

    /// As [`Order::new`]; with each sequence, when the relay received the change, if it is known.
    #[must_use]
    pub fn received(
        changes: impl IntoIterator<
            Item = (
                ActorId,
                RangeInclusive<u64>,
                Option<(Sequence, Option<Timestamp>)>,
            ),
        >,
    ) -> Self {
        let kept = changes.into_iter().filter_map(|(actor, ops, kept)| {
            let key = (actor, *ops.start());
            kept.map(|(sequence, received_at)| (key, (*ops.end(), sequence, received_at)))
        });
        Self {
            changes: kept.collect(),
        }
    }

    /// The place of one operation. One that no change of this order holds is unsent.
    #[must_use]
    pub fn of(&self, actor: ActorId, counter: u64) -> Place {
        match self.change(actor, counter) {
            Some((sequence, _)) => Place::Kept(sequence, counter),
            None => Place::Unsent(counter, actor),
        }
    }

    /// When the relay received the change that holds an operation, if it is known to have.
    #[must_use]
    pub fn received_at(&self, actor: ActorId, counter: u64) -> Option<Timestamp> {
        self.change(actor, counter)?.1
    }

    fn change(&self, actor: ActorId, counter: u64) -> Option<(Sequence, Option<Timestamp>)> {
        let before = self.changes.range((actor, 0)..=(actor, counter));
        before
            .map(|(_, (last, sequence, received_at))| (*last, (*sequence, *received_at)))
            .next_back()
            .filter(|(last, _)| counter <= *last)
            .map(|(_, change)| change)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yizhan_proto::{DeviceId, Incarnation};

    use super::*;

    fn actor(n: u8) -> ActorId {
        ActorId::new(DeviceId::from_bytes([n; 16]), Incarnation(1))
    }

    fn sequence(n: u64) -> Option<Sequence> {
        Sequence::new(n)
    }

    #[test]
    fn the_relays_order_counts_and_what_is_unsent_comes_last() {
        let order = Order::new([
            (actor(1), 5..=8, sequence(30)),
            (actor(1), 9..=9, None),
            (actor(2), 5..=6, sequence(20)),
            (actor(2), 7..=7, sequence(40)),
        ]);
        let mut ops = [
            (actor(1), 9),
            (actor(2), 7),
            (actor(1), 8),
            (actor(1), 5),
            (actor(3), 8),
            (actor(2), 6),
        ];
        ops.sort_by_key(|(actor, counter)| order.of(*actor, *counter));
        let expected = [
            (actor(2), 6),
            (actor(1), 5),
            (actor(1), 8),
            (actor(2), 7),
            (actor(3), 8),
            (actor(1), 9),
        ];
        assert_eq!(ops, expected);
        assert_eq!(order.of(actor(1), 4), Place::Unsent(4, actor(1)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whoever collected the changes, in whatever order, has the same order of operations.
        #[test]
        fn the_order_of_collecting_plays_no_part(
            parts in proptest::collection::vec((1_u8..4, 1_u64..4, any::<bool>()), 1..20),
            turned in any::<proptest::sample::Index>(),
        ) {
            let mut next = BTreeMap::new();
            let mut changes = Vec::new();
            for (at, (who, length, kept)) in parts.into_iter().enumerate() {
                let from = next.entry(who).or_insert(1_u64);
                let ops = *from..=*from + length - 1;
                *from += length;
                let kept = kept.then(|| sequence(100 + at as u64)).flatten();
                changes.push((actor(who), ops, kept));
            }
            let one = Order::new(changes.clone());
            let at = turned.index(changes.len());
            changes.rotate_left(at);
            changes.reverse();
            prop_assert_eq!(&one, &Order::new(changes.clone()));
            for (actor, ops, kept) in changes {
                for counter in ops {
                    let place = one.of(actor, counter);
                    match kept {
                        Some(sequence) => prop_assert_eq!(place, Place::Kept(sequence, counter)),
                        None => prop_assert_eq!(place, Place::Unsent(counter, actor)),
                    }
                }
            }
        }
    }
}
