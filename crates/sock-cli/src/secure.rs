//! TLS beneath what a caller says.

use anyhow::Result;
use sock::tls::ClientTls;
use sock::{Endpoint, Run, Service};
use sock_proto::Transport;

use crate::sockets::Sockets;
use crate::watch;

/// Has `service` speak TLS where `endpoint` wants it; what is wrong with a file is found before anybody
/// is called.
pub(crate) fn over(
    service: Service,
    endpoint: &Endpoint,
    tls: &ClientTls,
    sockets: &Sockets,
    run: &Run,
) -> Result<Service> {
    if endpoint.transport() != Transport::Tls {
        return Ok(service);
    }
    if tls.is_insecure() {
        warn(run);
    }
    let tls = tls.clone().handshake_timeout(sockets.connect_timeout);
    Ok(service.over_tls(&tls, endpoint)?)
}

/// Says what it means that everybody is trusted.
pub(crate) fn warn(run: &Run) {
    let text = "WARNING: --insecure: nobody knows who is there, and whoever is on the way can read and \
                change everything";
    watch::say(run, "insecure", text);
}
