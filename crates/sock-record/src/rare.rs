//! What few calls have: it takes a pointer where it is not there.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::short::Name;

/// A list or a map that is mostly empty; used like one.
///
/// # Examples
///
/// ```
/// use sock_record::{Name, Rare};
///
/// let mut flags: Rare<Vec<Name>> = Rare::default();
/// assert!(flags.is_empty() && size_of_val(&flags) == 8);
/// flags.push("MSG_PEEK".into());
/// assert_eq!(flags.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Rare<T>(Option<Box<T>>);

/// What can be empty.
pub trait Empty: Default + 'static {
    /// An empty one that is always there.
    const EMPTY: &'static Self;
    /// Whether there is nothing in it.
    fn is_nothing(&self) -> bool;
}

impl Empty for Vec<Name> {
    const EMPTY: &'static Self = &Self::new();
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl Empty for BTreeMap<String, Value> {
    const EMPTY: &'static Self = &Self::new();
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Empty> From<T> for Rare<T> {
    fn from(all: T) -> Self {
        Self((!all.is_nothing()).then(|| Box::new(all)))
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_with(Box::default)
    }
}

// Empty is empty, whether there is a box or not.
impl<T: Empty + PartialEq> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Empty + FromIterator<A>, A> FromIterator<A> for Rare<T> {
    fn from_iter<I: IntoIterator<Item = A>>(all: I) -> Self {
        all.into_iter().collect::<T>().into()
    }
}

impl<T: Empty + Serialize> Serialize for Rare<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

impl<'de, T: Empty + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self::from)
    }
}
