//! Tickets about the same: linked ones form a group, whichever of two was linked with the other.

use std::collections::BTreeMap;

use yizhan_proto::DocumentId;

/// The head of every linked ticket's group: the smallest id in it, so that two people who link in
/// opposite directions have the same group. Tickets that no link names are not in it.
#[must_use]
pub fn heads(
    links: impl IntoIterator<Item = (DocumentId, DocumentId)>,
) -> BTreeMap<DocumentId, DocumentId> {
    let mut above: BTreeMap<DocumentId, DocumentId> = BTreeMap::new();
    for (one, other) in links {
        let (one, other) = (top(&above, one), top(&above, other));
        let (low, high) = (one.min(other), one.max(other));
        above.insert(low, low);
        above.insert(high, low);
    }
    let all: Vec<DocumentId> = above.keys().copied().collect();
    all.into_iter().map(|id| (id, top(&above, id))).collect()
}

/// Follows a ticket to the head of its group, as far as it is known.
fn top(above: &BTreeMap<DocumentId, DocumentId>, of: DocumentId) -> DocumentId {
    let mut at = of;
    // What is above is always smaller, so this ends.
    while let Some(next) = above.get(&at).copied().filter(|next| *next < at) {
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::testing::document;

    #[test]
    fn chains_and_opposite_links_make_one_group() {
        let links = [(3, 4), (4, 3), (4, 9), (1, 9), (6, 7)];
        let heads = heads(links.map(|(one, other)| (document(one), document(other))));
        let expected = [(1, 1), (3, 1), (4, 1), (6, 6), (7, 6), (9, 1)];
        assert_eq!(
            heads,
            expected
                .map(|(one, head)| (document(one), document(head)))
                .into()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Neither the direction of a link nor the order in which links become known plays a part.
        #[test]
        fn directions_and_order_play_no_part(
            links in proptest::collection::vec((0_u8..12, 0_u8..12, any::<bool>()), 0..20),
        ) {
            let one = heads(links.iter().map(|(a, b, _)| (document(*a), document(*b))));
            let other = heads(links.iter().rev().map(|(a, b, turned)| {
                let (a, b) = (document(*a), document(*b));
                if *turned { (b, a) } else { (a, b) }
            }));
            prop_assert_eq!(&one, &other);
            for (a, b, _) in links {
                prop_assert_eq!(one[&document(a)], one[&document(b)]);
            }
        }
    }
}
