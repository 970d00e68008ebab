//! Send: a request over every redirect, to its response.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cookie_store::RawCookie;

use super::body::Delivery;
use super::dial::Route;
use super::drive::{Answered, Failed, exchange};
use super::outgoing::Outgoing;
use super::place::{Place, Scheme};
use super::proxy::Proxy;
use super::request::Request;
use super::response::Response;
use super::wire::heed;
use super::{Client, files, shelf};
use crate::http::{Ask, Fetch, Reply, Resume, Timing};
use crate::run::instant;
use crate::{Error, ErrorKind, Result, tls};

/// A body that nobody wants is read, so that its connection can be used again; one that is longer, or takes
/// longer than another connection would, is not worth it.
const SMALL: u64 = 64 << 10;
const PATIENCE: Duration = Duration::from_millis(500);

impl Client {
    pub(super) fn send_for(
        &self,
        url: &str,
        request: &Request,
        resume: Option<&Resume>,
        timing: &mut Timing,
    ) -> Result<Response> {
        *timing = Timing::default();
        let place = Place::new(url)?;
        if place.scheme() == Scheme::File {
            if !matches!(request.method_for_payload(), "GET" | "HEAD") {
                let text = format!(
                    "cannot {} {place}: a file is read, and no more",
                    request.method_for_payload()
                );
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            return files::open(&place);
        }
        let began = instant();
        let mut outgoing = Outgoing::new(place, request, resume);
        let mut seen = Vec::new();
        loop {
            let before = instant();
            let cookies = self.cookies(&outgoing.place);
            let (mut response, delivery) = self.once(&outgoing, cookies.as_deref(), timing)?;
            self.keep_cookies(&outgoing.place, &response);
            let proxy = if response.status == 407 {
                Route::new(&self.settings, &outgoing.place)?.proxy
            } else {
                None
            };
            let user = proxy.as_ref().and_then(Proxy::user);
            match outgoing.proves(response.status, &response.fields, user) {
                Ok(true) => {
                    delivery.skip(SMALL, PATIENCE);
                    continue;
                }
                Ok(false) => {}
                Err(why) => response.unproved = Some(why),
            }
            let is_redirect = self.settings.redirects > 0
                && matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let to = response.fields.get("location").filter(|_| is_redirect);
            let Some(to) = to else {
                let takes_gzip =
                    !outgoing.is_identity && request.fields.get("accept-encoding").is_none();
                let mut response = response.with_body(delivery, takes_gzip);
                response.timing = *timing;
                return Ok(response);
            };
            let to = outgoing.place.join(to)?;
            if !outgoing.follows(response.status) {
                let Outgoing { place, method, .. } = &outgoing;
                let text = format!(
                    "{place}: {} {}: a {method} is not sent elsewhere unasked",
                    response.status,
                    response.reason.escape_debug()
                );
                let cure = format!("if that is meant, send it to {to}");
                return Err(Error::new(ErrorKind::Status, text).cure(cure));
            }
            seen.push((outgoing.method.clone(), outgoing.place.clone(), cookies));
            outgoing.follow(response.status, to);
            self.stop_going_round(&seen, &outgoing)?;
            delivery.skip(SMALL, PATIENCE);
            let so_far = before.saturating_duration_since(began);
            let this = instant().saturating_duration_since(before);
            *timing = Timing { redirects: Some(so_far + this), ..Timing::default() };
        }
    }

    /// One request and its response.
    fn once(
        &self,
        outgoing: &Outgoing,
        cookies: Option<&str>,
        timing: &mut Timing,
    ) -> Result<(Response, Delivery)> {
        // Each of a chain of redirects and proofs asks anew.
        heed(&self.shared.run)?;
        let place = &outgoing.place;
        let route = Route::new(&self.settings, place)?;
        let reader = route.proxy.as_ref().filter(|proxy| proxy.reads(place));
        // What cannot be asked for is refused before anybody is called.
        let mut request = outgoing.build(cookies, reader)?;
        let limit = self.settings.stall_timeout;
        let about = |error: Error| error.about(place.to_string());
        // A server may close a connection that is held open at the moment when a request leaves; nobody could
        // tell then whether it was obeyed.
        let can_hold = outgoing.is_repeatable();
        let mut held = if can_hold { self.shared.shelf.take(&route.key()) } else { None };
        let answered = loop {
            let is_fresh = held.is_none();
            let wire = if let Some(wire) = held.take() {
                wire
            } else {
                let number = self.shared.number.fetch_add(1, Ordering::Relaxed);
                let secrets = || self.secrets();
                route.dial(&self.settings, secrets, &self.shared.run, number, timing)?
            };
            // Meanwhile nobody may want it any more.
            wire.heed()?;
            if is_fresh && outgoing.tells_secret() && route.is_overheard(&wire) {
                wire.note("clear", &overheard(place));
            }
            match exchange(wire, !is_fresh, request, limit) {
                Ok(answered) => break answered,
                // It was closed while nobody looked; a new one says whether the server is there.
                Err(Failed { is_stale: true, .. }) => {
                    request = outgoing.build(cookies, reader)?;
                }
                Err(Failed { error, .. }) => return Err(about(error)),
            }
        };
        let Answered { head, rest, keeps, request, first_byte } = answered;
        (timing.request, timing.first_byte) = (Some(request), first_byte);
        let kept = keeps.then(|| shelf::Place::new(&self.shared.shelf, route.key()));
        let mut response = Response::new(head.status, head.reason, place.to_string(), head.fields);
        response.is_10 = !head.is_11;
        Ok((response, Delivery::new(rest, limit, kept)))
    }

    fn stop_going_round(
        &self,
        seen: &[(String, Place, Option<String>)],
        next: &Outgoing,
    ) -> Result<()> {
        let cookies = self.cookies(&next.place);
        let is_same = |(method, place, told): &&(String, Place, Option<String>)| {
            *method == next.method && *place == next.place && *told == cookies
        };
        if let Some((_, place, _)) = seen.iter().find(is_same) {
            let text = match seen.len() {
                1 => format!("{place} redirects to itself"),
                n => format!("{place} redirects in a circle, by way of {n} URLs"),
            };
            return Err(Error::new(ErrorKind::Status, text));
        }
        if seen.len() > self.settings.redirects {
            let most = self.settings.redirects;
            let text = format!("more than {most} redirects, the last one to {}", next.place);
            return Err(Error::new(ErrorKind::Status, text).cure("open that one, or follow more"));
        }
        Ok(())
    }

    /// What TLS needs, read once.
    fn secrets(&self) -> Result<tls::Client> {
        if let Some(client) = self.shared.tls.get() {
            return Ok(client.clone());
        }
        let client = self.settings.tls.load()?;
        Ok(self.shared.tls.get_or_init(|| client).clone())
    }

    /// What the server at `place` has asked to be told again.
    fn cookies(&self, place: &Place) -> Option<String> {
        let jar = self.shared.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs =
            jar.get_request_values(place.url()).map(|(name, value)| format!("{name}={value}"));
        let all: Vec<_> = pairs.collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    fn keep_cookies(&self, place: &Place, response: &Response) {
        let mut jar = self.shared.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let cookies = response.fields.all("set-cookie");
        let host = place.url().host_str().unwrap_or_default();
        let read = cookies.filter_map(|text| RawCookie::parse(text.to_owned()).ok());
        jar.store_response_cookies(read.filter_map(|cookie| of_one(cookie, host)), place.url());
    }
}

/// A cookie for a domain under which strangers have names (`com`, `co.uk`) is none, unless that is the very host,
/// for which it is then alone (RFC 6265, section 5.3, step 5).
fn of_one<'a>(mut cookie: RawCookie<'a>, host: &str) -> Option<RawCookie<'a>> {
    let Some(domain) = cookie.domain() else { return Some(cookie) };
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    if psl::suffix_str(&domain).is_some_and(|suffix| suffix == domain) {
        if domain != host {
            return None;
        }
        cookie.unset_domain();
    }
    Some(cookie)
}

impl Fetch for Client {
    fn fetch(&mut self, ask: &Ask<'_>) -> Result<Reply> {
        let mut request = self.template.clone();
        request.is_identity |= ask.identity;
        let mut timing = Timing::default();
        let sent = self.send_for(ask.url, &request, ask.resume, &mut timing);
        self.timing = timing;
        Ok(sent?.into_reply())
    }
}

/// What it means that nothing hides a password on its way.
fn overheard(place: &Place) -> String {
    format!(
        "what says who you are goes to {} as it is: whoever is on the way can read it; https:// hides it",
        place.host()
    )
}
