//! Whom to assign: by class, then by load, never the person complained about.

use std::collections::BTreeMap;

use yizhan_proto::PersonId;

use super::Class;

/// Somebody who answers at a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The classes they know best; empty: none in particular.
    pub classes: Vec<Class>,
}

/// The pair to suggest for a ticket of that class, the second `None` if the desk has nobody else:
/// who knows the class first, then who has the fewest open tickets, then by id. The same wherever
/// it is asked. `None` if nobody is left.
#[must_use]
pub fn pair(
    members: &[Member],
    class: Class,
    load: &BTreeMap<PersonId, u32>,
    about: Option<PersonId>,
) -> Option<(PersonId, Option<PersonId>)> {
    let mut ranked: Vec<_> = members
        .iter()
        .filter(|member| Some(member.person) != about)
        .map(|member| {
            let knows = member.classes.contains(&class);
            let load = load.get(&member.person).copied().unwrap_or_default();
            (!knows, load, member.person)
        })
        .collect();
    ranked.sort_unstable();
    let mut people: Vec<PersonId> = Vec::with_capacity(2);
    for (_, _, person) in ranked {
        if people.len() < 2 && !people.contains(&person) {
            people.push(person);
        }
    }
    let first = people.first().copied()?;
    Some((first, people.get(1).copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::person;

    fn member(n: u8, classes: &[Class]) -> Member {
        Member {
            person: person(n),
            name: format!("specialist {n}"),
            classes: classes.to_vec(),
        }
    }

    fn load(of: &[(u8, u32)]) -> BTreeMap<PersonId, u32> {
        of.iter().map(|(n, open)| (person(*n), *open)).collect()
    }

    #[test]
    fn who_knows_the_class_comes_first_then_who_has_least_to_do_then_the_id() {
        let members = [
            member(4, &[]),
            member(3, &[Class::Pay, Class::Labour]),
            member(2, &[Class::Pay]),
            member(1, &[Class::Legal]),
        ];
        let none = load(&[]);
        let suggested = |class, load: &_| pair(&members, class, load, None);
        assert_eq!(
            suggested(Class::Pay, &none),
            Some((person(2), Some(person(3))))
        );
        assert_eq!(
            suggested(Class::Pay, &load(&[(2, 9)])),
            Some((person(3), Some(person(2)))),
            "knowing the class counts for more than the load"
        );
        assert_eq!(
            suggested(Class::Legal, &load(&[(2, 1), (3, 1)])),
            Some((person(1), Some(person(4))))
        );
        assert_eq!(
            suggested(Class::Food, &none),
            Some((person(1), Some(person(2))))
        );
    }

    #[test]
    fn the_person_complained_about_is_never_suggested() {
        let members = [member(1, &[Class::Pay]), member(2, &[])];
        let suggested =
            |members: &[Member], about| pair(members, Class::Pay, &load(&[]), Some(person(about)));
        assert_eq!(suggested(&members, 1), Some((person(2), None)));
        assert_eq!(suggested(&members[..1], 1), None);
        assert_eq!(pair(&[], Class::Pay, &load(&[]), None), None);
    }

    #[test]
    fn nobody_is_paired_with_themselves() {
        let members = [member(1, &[]), member(1, &[Class::Pay])];
        assert_eq!(
            pair(&members, Class::Pay, &load(&[]), None),
            Some((person(1), None))
        );
    }
}
