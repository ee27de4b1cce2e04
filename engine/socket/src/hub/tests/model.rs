//! Any sequence of calls gives what a list of sets gives.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const ROOMS: [&str; 4] = ["a", "b", "c", "d"];
const QUEUE: usize = 12;

/// One call; connections are named by how many were opened before them.
#[derive(Debug, Clone)]
enum Call {
    Open,
    Announce(usize),
    Close(usize),
    Join(usize, usize),
    Leave(usize, usize),
    Tag(usize, u16),
    Broadcast {
        rooms: Option<Vec<usize>>,
        tags: Option<Vec<u16>>,
        except: Option<usize>,
        barred: Vec<usize>,
        volatile: bool,
    },
}

fn call() -> impl Strategy<Value = Call> {
    let who = 0..8_usize;
    let room = 0..ROOMS.len();
    let some_rooms = prop::collection::vec(0..ROOMS.len(), 0..4);
    prop_oneof![
        2 => Just(Call::Open),
        2 => who.clone().prop_map(Call::Announce),
        1 => who.clone().prop_map(Call::Close),
        6 => (who.clone(), room.clone()).prop_map(|(who, room)| Call::Join(who, room)),
        2 => (who.clone(), room).prop_map(|(who, room)| Call::Leave(who, room)),
        1 => (who.clone(), 0..3_u16).prop_map(|(who, tag)| Call::Tag(who, tag)),
        6 => (
            prop::option::of(some_rooms.clone()),
            prop::option::of(prop::collection::vec(0..3_u16, 0..3)),
            prop::option::of(who),
            prop_oneof![3 => Just(vec![]), 1 => some_rooms],
            any::<bool>(),
        )
            .prop_map(|(rooms, tags, except, barred, volatile)| Call::Broadcast { rooms, tags, except, barred, volatile }),
    ]
}

/// A connection as the model has it.
#[derive(Default)]
struct Plain {
    is_announced: bool,
    is_closed: bool,
    is_ending: bool,
    tag: Option<u16>,
    rooms: BTreeSet<usize>,
    received: usize,
}

#[derive(Default)]
struct Both {
    plain: Vec<Plain>,
    real: Vec<(ConnId, Arc<Memory>)>,
}

fn names(rooms: &[usize]) -> Vec<Arc<str>> {
    rooms.iter().map(|room| Arc::from(ROOMS[*room])).collect()
}

impl Both {
    fn make(&mut self, hub: &Hub, call: &Call) {
        match call {
            Call::Open => {
                let wire = Memory::new(QUEUE);
                let conn = hub.open(&"/".into(), Arc::clone(&wire) as _).expect("there is place");
                self.real.push((conn, wire));
                self.plain.push(Plain::default());
            }
            Call::Announce(who) => self.on(*who, |plain, conn| {
                plain.is_announced |= !plain.is_closed;
                assert_eq!(hub.announce(conn), !plain.is_closed);
            }),
            Call::Close(who) => self.on(*who, |plain, conn| {
                assert_eq!(hub.close(conn), !plain.is_closed);
                (plain.is_closed, plain.rooms) = (true, BTreeSet::new());
            }),
            Call::Join(who, room) => self.on(*who, |plain, conn| {
                let is_new = !plain.is_closed && plain.rooms.insert(*room);
                assert_eq!(hub.join(conn, &ROOMS[*room].into()), is_new);
            }),
            Call::Leave(who, room) => self.on(*who, |plain, conn| {
                assert_eq!(hub.leave(conn, ROOMS[*room]), plain.rooms.remove(room));
            }),
            Call::Tag(who, tag) => self.on(*who, |plain, conn| {
                plain.tag = Some(*tag);
                hub.tag(conn, Tag(*tag));
            }),
            Call::Broadcast { rooms, tags, except, barred, volatile } => {
                let real_rooms = rooms.as_deref().map(names);
                let real_tags: Option<Vec<Tag>> = tags.as_ref().map(|tags| tags.iter().copied().map(Tag).collect());
                let target = Target {
                    rooms: real_rooms.as_deref(),
                    tags: real_tags.as_deref(),
                    except: except.and_then(|who| self.real.get(who)).map(|(conn, _)| *conn),
                    except_rooms: &names(barred),
                };
                let delivered = hub.broadcast("/", target, &message("m"), *volatile);
                assert_eq!(delivered, self.broadcast(rooms.as_deref(), tags.as_deref(), *except, barred, *volatile));
            }
        }
    }

    fn on(&mut self, who: usize, change: impl FnOnce(&mut Plain, ConnId)) {
        if let (Some(plain), Some((conn, _))) = (self.plain.get_mut(who), self.real.get(who)) {
            change(plain, *conn);
        }
    }

    fn broadcast(
        &mut self,
        rooms: Option<&[usize]>,
        tags: Option<&[u16]>,
        except: Option<usize>,
        barred: &[usize],
        volatile: bool,
    ) -> Delivered {
        let mut delivered = Delivered::default();
        for (who, plain) in self.plain.iter_mut().enumerate() {
            let is_in = rooms.map_or(plain.is_announced, |rooms| rooms.iter().any(|room| plain.rooms.contains(room)));
            let has_tag = tags.is_none_or(|tags| plain.tag.is_some_and(|tag| tags.contains(&tag)));
            let is_barred = barred.iter().any(|room| plain.rooms.contains(room));
            if plain.is_closed || plain.is_ending || !is_in || !has_tag || is_barred || except == Some(who) {
                continue;
            }
            if plain.received < QUEUE {
                plain.received += 1;
                delivered.reached += 1;
            } else {
                plain.is_ending |= !volatile;
                delivered.dropped += 1;
            }
        }
        delivered
    }

    fn agree(&self, hub: &Hub) {
        let count = self.plain.iter().filter(|plain| plain.is_announced && !plain.is_closed).count();
        assert_eq!(hub.count("/"), count);
        for (plain, (_, wire)) in self.plain.iter().zip(&self.real) {
            assert_eq!(wire.events.lock().len(), plain.received);
            assert_eq!(wire.killed.load(Ordering::Relaxed), plain.is_ending);
        }
        for (room, name) in ROOMS.iter().enumerate() {
            let members: BTreeMap<ConnId, ()> = hub.members("/", name).into_iter().map(|conn| (conn, ())).collect();
            let expected = self.plain.iter().zip(&self.real).filter(|(plain, _)| plain.rooms.contains(&room));
            assert_eq!(members, expected.map(|(_, (conn, _))| (*conn, ())).collect());
        }
    }
}

proptest! {
    #[test]
    fn any_calls_give_what_sets_give(calls in prop::collection::vec(call(), 1..120)) {
        let hub = Hub::new(HubLimits { connections_max: 1_000, rooms_per_connection_max: ROOMS.len() });
        let mut both = Both::default();
        for call in &calls {
            both.make(&hub, call);
        }
        both.agree(&hub);
    }
}
