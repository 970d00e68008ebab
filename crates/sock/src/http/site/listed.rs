//! Listed: the pages of folders, for all who ask for one at about the same time.
//!
//! To look at every name of a large folder takes long, and its page is large. A thousand clients who ask for
//! it at once would keep all others waiting a thousand times as long, and those of them who do not read
//! would hold a thousand pages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sock_proto::protocols::http::site::{Listing, Missing, Page, Refused, Stored, Upload};

use super::stamp::Stamp;
use crate::run;

/// So many pages are kept, each of which has some MiB at most.
const PARTS: usize = 8;

/// A folder of so many names is large: to look at them takes longer than all else that an engine does for
/// one client in a turn.
const LARGE: usize = 256;

/// The page of a large folder is given for so long while no name comes or goes. What it says of sizes and
/// dates is then this old, which nobody who reads so much will notice.
const FRESH: Duration = Duration::from_secs(1);

/// One that took long to make is given for so many times as long: most of the time is for others, however
/// slow the disk and busy the machine.
const COSTS: u32 = 10;

/// The pages that were asked for last, by a hash of the path.
#[derive(Debug, Default)]
pub(super) struct Listed([Mutex<Option<Kept>>; PARTS]);

#[derive(Debug)]
struct Kept {
    path: Vec<u8>,
    /// When the folder was looked at, and until when that is new enough.
    moment: Duration,
    until: Duration,
    /// Of the folder, before that; none: it is small, or the next change might not show.
    stamp: Option<Stamp>,
    page: Page,
}

impl Listed {
    /// The page at this moment; `look` tells what the folder itself is like, `list` what is in it. Others
    /// who ask for the same page meanwhile wait for it.
    pub(super) fn page(
        &self,
        path: &[u8],
        moment: Duration,
        look: impl Fn() -> Option<Stamp>,
        list: impl FnOnce() -> Result<Listing, Missing>,
        write: &dyn Fn(&Listing) -> Page,
    ) -> Result<Page, Missing> {
        let mut part = self.part(path);
        let before = part.take_if(|kept| kept.path == path);
        let stamp = look();
        if let Some(kept) = &before
            && kept.is_good(moment, stamp)
        {
            let page = kept.page.clone();
            *part = before;
            return Ok(page);
        }
        let began = run::instant();
        let listing = list()?;
        let mut page = write(&listing);
        if let Some(kept) = before
            && kept.page == page
        {
            // Who has waited for a page for long and who asks now hold the same one.
            page = kept.page;
        }
        let stamp = stamp.filter(|it| listing.entries.len() >= LARGE && it.is_settled());
        let took = run::instant().saturating_duration_since(began);
        let until =
            moment.saturating_add(took).saturating_add(FRESH.max(took.saturating_mul(COSTS)));
        let kept = Kept { path: path.to_vec(), moment, until, stamp, page: page.clone() };
        *part = Some(kept);
        Ok(page)
    }

    /// An upload at whose end the folder is not any more what it was.
    pub(super) fn until(self: &Arc<Self>, upload: impl Upload + 'static) -> Box<dyn Upload> {
        Box::new(Changes { upload: Box::new(upload), listed: Arc::clone(self) })
    }

    /// Whoever has every folder in one part merely has each page made anew, so that the hash need not be a
    /// secret (FNV-1a).
    fn part(&self, path: &[u8]) -> MutexGuard<'_, Option<Kept>> {
        let add = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        held(&self.0[path.iter().fold(0x811c_9dc5, add) as usize % PARTS])
    }
}

impl Kept {
    fn is_good(&self, moment: Duration, stamp: Option<Stamp>) -> bool {
        // Zero is no moment. A clock that was set back says nothing about what is new.
        let is_new = (self.moment..=self.until).contains(&moment);
        let is_same = stamp.is_some() && self.stamp == stamp;
        !moment.is_zero() && (moment == self.moment || is_new && is_same)
    }
}

fn held(part: &Mutex<Option<Kept>>) -> MutexGuard<'_, Option<Kept>> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Changes {
    upload: Box<dyn Upload>,
    listed: Arc<Listed>,
}

impl Upload for Changes {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.upload.write(bytes)
    }

    fn commit(self: Box<Self>) -> Result<Stored, Refused> {
        let stored = self.upload.commit();
        // By a link it may be seen in any of them.
        for part in &self.listed.0 {
            *held(part) = None;
        }
        stored
    }
}
