//! How many connections each user has.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use super::room::Conn;

/// The connections of users. There are about as many users as connections: each is one small piece, and the table has a
/// pointer to it.
#[derive(Default)]
pub(super) struct Users(HashSet<Enrolled>);

/// A user with a connection, found by its name.
struct Enrolled(Box<Connected>);

struct Connected {
    user: Box<str>,
    conns: SmallVec<[Conn; 1]>,
}

impl Users {
    /// Adds a connection, if the user has fewer than `max` then. Those of lives that are over are dropped where they take
    /// a place.
    pub(super) fn enroll(&mut self, user: &str, conn: Conn, max: usize, is_alive: impl Fn(u64) -> bool) -> bool {
        let known = self.0.take(user);
        let mut conns = known.map_or_else(SmallVec::new, |Enrolled(known)| known.conns);
        if conns.len() >= max {
            conns.retain(|(life, _)| is_alive(*life));
        }
        let has_place = conns.len() < max;
        if has_place {
            conns.push(conn);
        }
        self.put(user, conns);
        has_place
    }

    /// Takes a connection out.
    pub(super) fn withdraw(&mut self, user: &str, conn: Conn) {
        if let Some(Enrolled(mut known)) = self.0.take(user) {
            known.conns.retain(|one| *one != conn);
            if !known.conns.is_empty() {
                self.0.insert(Enrolled(known));
            }
        }
    }

    /// The connections of one life are another's from now on.
    pub(super) fn moved(&mut self, life: u64, next: u64) {
        let all = std::mem::take(&mut self.0).into_iter();
        self.0 = all
            .map(|mut known| {
                known.0.conns.iter_mut().filter(|conn| conn.0 == life).for_each(|conn| conn.0 = next);
                known
            })
            .collect();
    }

    fn put(&mut self, user: &str, conns: SmallVec<[Conn; 1]>) {
        if !conns.is_empty() {
            self.0.insert(Enrolled(Box::new(Connected { user: user.into(), conns })));
        }
    }
}

impl Borrow<str> for Enrolled {
    fn borrow(&self) -> &str {
        &self.0.user
    }
}

impl Hash for Enrolled {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.user.hash(state);
    }
}

impl PartialEq for Enrolled {
    fn eq(&self, other: &Self) -> bool {
        self.0.user == other.0.user
    }
}

impl Eq for Enrolled {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_so_many_at_most_and_the_dead_make_place() {
        let mut users = Users::default();
        let enroll = |users: &mut Users, conn| users.enroll("u", conn, 2, |life| life != 1);
        assert!(enroll(&mut users, (1, 1)) && enroll(&mut users, (2, 2)));
        assert!(enroll(&mut users, (2, 3)), "the first is dead");
        assert!(!enroll(&mut users, (2, 4)));
        users.moved(2, 3);
        users.withdraw("u", (2, 2));
        assert!(!enroll(&mut users, (2, 4)), "they are in another life by now");
        users.withdraw("u", (3, 2));
        users.withdraw("u", (3, 3));
        assert!(users.0.is_empty());
        assert!(!users.enroll("u", (2, 5), 0, |_| true) && users.0.is_empty());
    }
}
