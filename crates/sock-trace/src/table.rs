//! The sockets among a process's descriptors, as they are known without asking anew.
//!
//! To read all that `/proc` tells of a process takes the longer the more it has open, and who hands sockets to others
//! closes one after each. So what was read is kept, and every call that changes it is traced: a socket that is made,
//! accepted or received is seen when that call returns, and one that is closed before it is. What is read while a call is
//! under way that changes it is not kept: nobody knows on which side of the change it was read.

use std::collections::BTreeMap;

/// Descriptors of sockets, with their inodes.
type Sockets = BTreeMap<i32, u64>;

/// What is known of a process's descriptors.
#[derive(Debug, Default)]
pub(crate) struct Table {
    known: Option<Sockets>,
    is_changing: bool,
}

impl Table {
    /// All of them; `read` reads what is not known. Nothing is kept where others, who `may_change` it, work on the same one.
    pub(crate) fn all(&mut self, may_change: bool, read: impl FnOnce() -> Sockets) -> &Sockets {
        if self.is_changing || may_change {
            self.known = None;
        }
        self.known.get_or_insert_with(read)
    }

    /// The latest call of the process is over.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.is_changing) {
            self.known = None;
        }
    }

    /// A descriptor was seen to be a socket.
    pub(crate) fn put(&mut self, fd: i32, inode: impl FnOnce() -> Option<u64>) {
        if let Some(known) = &mut self.known {
            match inode() {
                Some(inode) => drop(known.insert(fd, inode)),
                None => self.known = None,
            }
        }
    }

    /// A call begins that closes this one.
    pub(crate) fn close(&mut self, fd: i32) {
        match &mut self.known {
            Some(known) => drop(known.remove(&fd)),
            None => self.is_changing = true,
        }
    }

    /// A call begins that changes it in a way that is not known yet.
    pub(crate) fn change(&mut self) {
        self.is_changing = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(table: &mut Table, now: &[(i32, u64)]) -> bool {
        let mut is_read = false;
        let all = table.all(false, || {
            is_read = true;
            now.iter().copied().collect()
        });
        assert_eq!(all.clone().into_iter().collect::<Vec<_>>(), now);
        is_read
    }

    #[test]
    fn what_is_seen_to_change_is_not_read_again() {
        let mut table = Table::default();
        table.put(9, || unreachable!("nothing is known that this could be added to"));
        assert!(read(&mut table, &[(3, 30), (4, 40)]));
        table.put(5, || Some(50));
        table.close(3);
        table.settle();
        assert!(!read(&mut table, &[(4, 40), (5, 50)]));
        table.put(7, || None);
        assert!(read(&mut table, &[(7, 70)]));
    }

    #[test]
    fn what_is_read_in_the_middle_of_a_change_is_not_kept() {
        let mut table = Table::default();
        table.close(3);
        assert!(read(&mut table, &[(3, 30)]));
        assert!(read(&mut table, &[]));
        table.settle();
        assert!(read(&mut table, &[(4, 40)]));
        assert!(!read(&mut table, &[(4, 40)]));
        table.change();
        assert!(read(&mut table, &[(4, 40), (5, 40)]));
        table.settle();
        assert!(read(&mut table, &[(4, 40), (5, 40)]));
        assert!(table.all(true, || [(6, 60)].into()).contains_key(&6));
    }
}
