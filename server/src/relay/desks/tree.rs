//! What a tree of desks may be. Pure.

use std::collections::BTreeMap;

use yizhan_proto::DeskKey;
use yizhan_proto::limits::DESK_DEPTH_MAX;

/// Every desk, with the one above it.
pub(super) type Parents = BTreeMap<DeskKey, Option<DeskKey>>;

/// Why a desk cannot stand where it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TreeError {
    /// The desk above is not there.
    #[error("no desk {0} to put it under; add that first, or see: yizhan desk list")]
    NoParent(DeskKey),
    /// The desk would be above itself.
    #[error("desk {0} would come to lie under itself; give it another parent")]
    Cycle(DeskKey),
    /// The tree would become too deep.
    #[error(
        "that makes {found} desks from the top to the bottom, and {DESK_DEPTH_MAX} are allowed; put it higher up"
    )]
    TooDeep {
        /// Desks from top to bottom, as wanted.
        found: usize,
    },
}

/// Whether `key`, new or with all that is under it, may stand under `parent`.
pub(super) fn check(
    parents: &Parents,
    key: &DeskKey,
    parent: Option<&DeskKey>,
) -> Result<(), TreeError> {
    let Some(parent) = parent else {
        return deep(parents, key, 0);
    };
    if parent == key {
        return Err(TreeError::Cycle(key.clone()));
    }
    if !parents.contains_key(parent) {
        return Err(TreeError::NoParent(parent.clone()));
    }
    let above: Vec<&DeskKey> = up(parents, parent).collect();
    if above.contains(&key) {
        return Err(TreeError::Cycle(key.clone()));
    }
    deep(parents, key, above.len())
}

fn deep(parents: &Parents, key: &DeskKey, above: usize) -> Result<(), TreeError> {
    let under = parents
        .keys()
        .filter_map(|desk| up(parents, desk).position(|at| at == key))
        .max()
        .unwrap_or_default();
    let found = above + 1 + under;
    if found > DESK_DEPTH_MAX {
        return Err(TreeError::TooDeep { found });
    }
    Ok(())
}

/// A desk and those above it, lowest first. Ends even if what is stored had a cycle.
pub(super) fn up<'a>(
    parents: &'a Parents,
    from: &'a DeskKey,
) -> impl Iterator<Item = &'a DeskKey> + 'a {
    std::iter::successors(Some(from), |at| parents.get(*at).and_then(Option::as_ref))
        .take(parents.len() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(n: usize) -> DeskKey {
        format!("d{n}").parse().unwrap()
    }

    fn tree(edges: &[(usize, Option<usize>)]) -> Parents {
        let pair = |(desk, parent): &(usize, Option<usize>)| (key(*desk), parent.map(key));
        edges.iter().map(pair).collect()
    }

    #[test]
    fn a_desk_stands_under_one_that_is_there_and_never_under_itself() {
        let desks = tree(&[(1, None), (2, Some(1)), (3, Some(2))]);
        let at = |desk, parent: Option<usize>| check(&desks, &key(desk), parent.map(key).as_ref());
        assert_eq!(at(4, Some(3)), Ok(()));
        assert_eq!(at(3, None), Ok(()));
        assert_eq!(at(3, Some(1)), Ok(()));
        assert_eq!(at(4, Some(9)), Err(TreeError::NoParent(key(9))));
        assert_eq!(at(4, Some(4)), Err(TreeError::Cycle(key(4))));
        assert_eq!(at(1, Some(3)), Err(TreeError::Cycle(key(1))));
        assert_eq!(at(2, Some(3)), Err(TreeError::Cycle(key(2))));
    }

    #[test]
    fn a_tree_is_six_deep_counted_with_what_moves_along() {
        let chain: Vec<_> = (1..=6).map(|n| (n, (n > 1).then(|| n - 1))).collect();
        let mut desks = tree(&chain);
        let too_deep = Err(TreeError::TooDeep { found: 7 });
        assert_eq!(check(&desks, &key(7), Some(&key(6))), too_deep);
        assert_eq!(check(&desks, &key(7), Some(&key(5))), Ok(()));
        // A tree of two is put under one of five.
        desks.extend(tree(&[(8, None), (9, Some(8))]));
        assert_eq!(check(&desks, &key(8), Some(&key(5))), too_deep);
        assert_eq!(check(&desks, &key(8), Some(&key(4))), Ok(()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is asked for, in whatever order: what was allowed never has a cycle, and is
        /// never too deep.
        #[test]
        fn what_is_allowed_is_a_tree(
            moves in proptest::collection::vec((0_usize..12, proptest::option::of(0_usize..12)), 0..60),
        ) {
            let mut desks = Parents::new();
            for (desk, parent) in moves {
                if check(&desks, &key(desk), parent.map(key).as_ref()).is_ok() {
                    desks.insert(key(desk), parent.map(key));
                }
                for desk in desks.keys() {
                    let above: Vec<_> = up(&desks, desk).collect();
                    prop_assert!(above.len() <= DESK_DEPTH_MAX);
                    prop_assert_eq!(desks[above[above.len() - 1]].clone(), None, "ends at a root");
                }
            }
        }
    }
}
