//! An echo on a runtime of tokio, among whatever else runs there: `cargo run --example tokio_echo
//! --features tokio`.

use sock::{Server, Service};
use sock_proto::protocols::Echo;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::new(Service::each("echo", || Echo)).listen("50007".parse()?);
    tokio::spawn(server.bind()?.run_async()).await??;
    Ok(())
}
