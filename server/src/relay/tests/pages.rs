//! Pulling: windows at every border, joining and leaving, digests, repair, and exclusion.

use std::collections::BTreeSet;

use yizhan_proto::sync::{Fetch, ForgetReason, RangeDigest, SyncRequest};
use yizhan_proto::{Cursor, DocumentId, Scope, ScopeDigest, Window};

use super::World;
use super::phone::Phone;

/// A budget below what the relay serves, which makes it the smallest.
const SMALL: u32 = 1;

/// Pushes `count` visits at the first station.
async fn visits(world: &mut World, phone: &mut Phone, count: usize) -> Vec<DocumentId> {
    let ids: Vec<_> = (0..count).map(|_| world.document_id()).collect();
    for id in &ids {
        phone.check_in(*id, world.stations[0]);
    }
    phone.push().await;
    ids
}

/// Documents that fit the smallest page.
async fn page_size(world: &mut World, driver: &mut Phone) -> usize {
    visits(world, driver, 40).await;
    let mut keeper = world.keeper(0).await;
    let response = keeper.exchange(SMALL).await;
    let scope = world.station_scope(0);
    let page = response.pages.iter().find(|page| page.scope == scope);
    page.unwrap().items.len()
}

#[tokio::test]
async fn first_contact_reads_history_once_newest_first_whatever_the_page() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let page = page_size(&mut world, &mut driver).await;
    assert!((2..20).contains(&page), "{page}");
    for count in [0, 1, page - 1, page, page + 1, 3 * page] {
        let mut world = World::new().await;
        let mut driver = world.driver().await;
        let ids = visits(&mut world, &mut driver, count).await;
        let mut keeper = world.keeper(0).await;
        let scope = world.station_scope(0);
        let mut seen = Vec::new();
        for _ in 0..100 {
            let response = keeper.exchange(SMALL).await;
            for page in response.pages.iter().filter(|page| page.scope == scope) {
                assert_eq!(page.live, response.head);
                seen.extend(page.items.iter().map(|item| item.document));
            }
            if response.pages.is_empty() {
                break;
            }
        }
        let newest_first: Vec<_> = ids.into_iter().rev().collect();
        assert_eq!(seen, newest_first, "{count}");
        assert_eq!(keeper.mismatches, []);
        let window = keeper.windows[&scope];
        assert_eq!(window, Window::complete(window.live));
    }
}

#[tokio::test]
async fn news_is_read_once_in_order_whatever_the_page() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let page = page_size(&mut world, &mut driver).await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    let scope = world.station_scope(0);
    for count in [0, 1, page - 1, page, page + 1] {
        let ids = visits(&mut world, &mut driver, count).await;
        let mut seen = Vec::new();
        loop {
            let response = keeper.exchange(SMALL).await;
            let pages = response.pages.iter().filter(|page| page.scope == scope);
            seen.extend(pages.flat_map(|page| &page.items).map(|item| item.document));
            if response.pages.is_empty() {
                break;
            }
        }
        assert_eq!(seen, ids, "{count}");
        assert_eq!(keeper.mismatches, []);
    }
}

#[tokio::test]
async fn a_device_that_is_current_hears_nothing_and_writes_nothing() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    visits(&mut world, &mut driver, 3).await;
    driver.sync(0).await;
    let head = world.relay.status().await.unwrap().head;
    for request in [driver.long_form(), driver.summary()] {
        world.relay.inner.writer.shutdown();
        let response = driver.send(request).await.unwrap();
        assert_eq!(response.pages, []);
        assert_eq!(response.head, head);
        let (sent, received) = (
            yizhan_proto::codec::encode(&driver.summary()).len(),
            yizhan_proto::codec::encode(&response).len(),
        );
        assert!(sent < 100 && received < 100, "{sent} {received}");
    }
}

#[tokio::test]
async fn only_the_changes_a_device_lacks_are_sent() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = visits(&mut world, &mut driver, 1).await[0];
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    driver.note(id, "热水");
    let response = driver.exchange(0).await;
    let items: Vec<_> = response.pages.iter().flat_map(|page| &page.items).collect();
    assert!(items.iter().any(|item| item.document == id));
    let echoed = items
        .iter()
        .any(|item| item.document == id && !item.changes.is_empty());
    assert!(
        echoed,
        "the driver first pulls here: what it pushed earlier comes back"
    );
    driver.note(id, "更热");
    let response = driver.exchange(0).await;
    let own = &response.pages[0].items[0];
    assert_eq!(
        (own.document, own.changes.len()),
        (id, 0),
        "no echo of this exchange"
    );
    let response = keeper.exchange(0).await;
    assert_eq!(response.pages[0].items[0].changes.len(), 2);
    assert_eq!(keeper.visit(id), driver.visit(id));
}

/// A document below the floor is news: it comes whole, and the history below misses nothing.
#[tokio::test]
async fn a_document_updated_while_history_is_filled_in_comes_whole() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let ids = visits(&mut world, &mut driver, 40).await;
    let mut keeper = world.keeper(0).await;
    keeper.exchange(SMALL).await;
    let scope = world.station_scope(0);
    assert!(!keeper.windows[&scope].is_complete());
    driver.note(ids[0], "oldest");
    driver.note(ids[39], "newest");
    driver.push().await;
    let response = keeper.exchange(SMALL).await;
    let items = &response.pages[0].items;
    assert_eq!((items[0].document, items[0].changes.len()), (ids[0], 2));
    assert_eq!((items[1].document, items[1].changes.len()), (ids[39], 1));
    keeper.sync(SMALL).await;
    assert_eq!(keeper.held[&scope], ids.iter().copied().collect());
    assert_eq!(keeper.visit(ids[0]), driver.visit(ids[0]));
}

/// Found by a random history: a document made and changed while the device was away moves past the
/// end of the first page of news by its change. The second page brings it whole, not its change alone.
#[tokio::test]
async fn a_new_document_that_moves_past_a_page_of_news_comes_whole() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    let ids = visits(&mut world, &mut driver, 20).await;
    driver.note(ids[0], "热水");
    driver.push().await;
    let scope = world.station_scope(0);
    let response = keeper.exchange(SMALL).await;
    let page = &response.pages[0];
    assert!(page.more && page.items.iter().all(|item| item.document != ids[0]));
    assert!(page.settled.is_some_and(|settled| settled < page.live));
    keeper.sync(SMALL).await;
    assert_eq!(keeper.held[&scope], ids.iter().copied().collect());
    assert_eq!(keeper.visit(ids[0]), driver.visit(ids[0]));
}

#[tokio::test]
async fn a_document_joins_whole_leaves_with_a_forget_and_joins_again() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = visits(&mut world, &mut driver, 1).await[0];
    driver.note(id, "热水");
    driver.push().await;
    let mut other = world.keeper(1).await;
    other.sync(0).await;
    assert!(other.documents.keys().all(|held| *held != id));
    let south = world.station_scope(1);
    let relay = world.relay.clone();

    assert!(relay.join_scope(id, south.clone()).await.unwrap().is_some());
    assert_eq!(relay.join_scope(id, south.clone()).await.unwrap(), None);
    let response = other.exchange(0).await;
    assert_eq!(
        response.pages[0].items[0].changes.len(),
        2,
        "whole, though old"
    );
    other.sync(0).await;

    let left = relay
        .leave_scope(id, south.clone(), ForgetReason::Retired)
        .await
        .unwrap();
    assert_eq!(
        relay
            .leave_scope(id, south.clone(), ForgetReason::Left)
            .await
            .unwrap(),
        None
    );
    driver.note(id, "after it left");
    driver.push().await;
    let response = other.exchange(0).await;
    let item = &response.pages[0].items[0];
    assert_eq!(item.forget, Some(ForgetReason::Retired));
    assert_eq!(Some(item.sequence), left);
    other.sync(0).await;
    assert!(!other.documents.contains_key(&id));
    assert_eq!(relay.status().await.unwrap().forgets_acknowledged, 1);

    let mut newcomer = world.keeper(1).await;
    newcomer.sync(0).await;
    assert!(
        newcomer.held.get(&south).is_none_or(BTreeSet::is_empty),
        "no tombstone"
    );

    relay.join_scope(id, south.clone()).await.unwrap();
    for keeper in [&mut other, &mut newcomer] {
        keeper.sync(0).await;
        assert_eq!(keeper.visit(id), driver.visit(id));
    }
}

#[tokio::test]
async fn nobody_gets_what_is_not_theirs_however_they_ask() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let id = visits(&mut world, &mut driver, 1).await[0];
    let mut other = world.keeper(1).await;
    other.sync(0).await;
    assert!(!other.documents.contains_key(&id));
    let theirs = [
        world.station_scope(0),
        Scope::Person(driver.identity.person),
    ];
    for scope in theirs {
        let request = SyncRequest {
            scopes: vec![yizhan_proto::sync::ScopeState {
                scope: scope.clone(),
                live: Some(Cursor::START),
                floor: Cursor::START,
                digest: ScopeDigest::EMPTY,
                settled: None,
            }],
            repairs: vec![RangeDigest {
                scope: scope.clone(),
                from: None,
                until: None,
                digest: ScopeDigest::EMPTY,
            }],
            fetches: vec![Fetch {
                scope,
                document: id,
            }],
            ..other.request()
        };
        let response = other.send(request).await.unwrap();
        assert_eq!(response.pages, []);
        assert_eq!(response.repairs, []);
        assert_eq!(response.fetched, []);
    }
    let request = SyncRequest {
        fetches: vec![Fetch {
            scope: world.station_scope(1),
            document: id,
        }],
        ..other.request()
    };
    let fetched = other.send(request).await.unwrap().fetched;
    assert_eq!(fetched[0].item.forget, Some(ForgetReason::Left));
    assert_eq!(fetched[0].item.changes, []);
    assert_eq!(fetched[0].item.kind, yizhan_proto::Kind::Unknown(0));
}

#[tokio::test]
async fn a_device_that_lost_a_document_finds_out_and_gets_it() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let ids = visits(&mut world, &mut driver, 5).await;
    let mut keeper = world.keeper(0).await;
    keeper.sync(0).await;
    let scope = world.station_scope(0);
    keeper.held.get_mut(&scope).unwrap().remove(&ids[2]);
    keeper.documents.remove(&ids[2]);

    let summary = keeper.send(keeper.summary()).await.unwrap();
    assert!(summary.pages.iter().all(|page| page.items.is_empty()));
    assert_eq!(summary.pages.len(), keeper.identity.scopes.len());
    let response = keeper.exchange(0).await;
    assert_eq!(keeper.mismatches, std::slice::from_ref(&scope));
    assert_eq!(response.pages.len(), 1, "only the scope that differs");
    assert_eq!(world.relay.status().await.unwrap().digest_mismatches, 2);

    let request = SyncRequest {
        repairs: vec![RangeDigest {
            scope: scope.clone(),
            from: None,
            until: None,
            digest: keeper.digest(&scope),
        }],
        fetches: vec![Fetch {
            scope: scope.clone(),
            document: ids[2],
        }],
        ..keeper.request()
    };
    let response = keeper.send(request).await.unwrap();
    let entries = response.repairs[0].entries.as_ref().unwrap();
    assert_eq!(entries.len(), 5);
    let item = &response.fetched[0].item;
    assert_eq!((item.document, item.changes.len()), (ids[2], 1));
}

#[tokio::test]
async fn a_summary_of_another_identity_gets_the_identity_and_nothing_else() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    driver.sync(0).await;
    let summary = driver.summary();
    let person = driver.identity.person;
    let role = yizhan_proto::Role::Keeper(world.stations[1]);
    world.relay.add_role(person, role).await.unwrap();
    let response = driver.send(summary).await.unwrap();
    assert_eq!(response.pages, []);
    let identity = response.identity.clone().unwrap();
    assert!(identity.scopes.contains(&world.station_scope(1)));
    assert_ne!(identity.version, driver.identity.version);
    driver.apply(&response);
    driver.sync(0).await;
}

#[tokio::test]
async fn another_lineage_and_impossible_positions_are_first_contact() {
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let ids = visits(&mut world, &mut driver, 3).await;
    driver.sync(0).await;
    let scope = Scope::Person(driver.identity.person);
    let other = Some(yizhan_proto::Epoch::from_bytes([9; 8]));
    let mut elsewhere = driver.long_form();
    elsewhere.epoch = other;
    let mut ahead = driver.long_form();
    ahead.scopes[0].live = Some(Cursor::new(1_000_000));
    let mut upside_down = driver.long_form();
    upside_down.scopes[0].live = Some(Cursor::new(1));
    upside_down.scopes[0].floor = Cursor::new(2);
    for request in [elsewhere, ahead, upside_down] {
        let response = driver.send(request).await.unwrap();
        let page = response
            .pages
            .iter()
            .find(|page| page.scope == scope)
            .unwrap();
        assert_eq!(page.items.len(), ids.len());
        assert_eq!((page.live, page.floor), (response.head, Cursor::START));
    }
}

#[tokio::test]
async fn a_watch_hears_of_a_push_and_ends_with_the_device() {
    use crate::watch::WatchEvent;
    let mut world = World::new().await;
    let mut driver = world.driver().await;
    let keeper = world.keeper(0).await;
    let caller = world.relay.caller(keeper.device).unwrap();
    let mut watch = world.relay.watch(&caller).unwrap();
    visits(&mut world, &mut driver, 1).await;
    let WatchEvent::Moved(moved) = watch.next().await else {
        panic!("moved")
    };
    assert_eq!(moved.scope, world.station_scope(0));
    let head = world.relay.status().await.unwrap().head;
    assert_eq!(Cursor::after(moved.sequence), head);
    world.relay.revoke_device(keeper.device).await.unwrap();
    assert_eq!(watch.next().await, WatchEvent::Closed);
    assert!(world.relay.watch(&caller).is_err());
}
