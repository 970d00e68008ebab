//! A plain tokio echo: one thread, a task a connection.

use sock_bench_peers::{BUFFER, end_with_stdin, listen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn echo(mut peer: TcpStream) -> std::io::Result<()> {
    peer.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = peer.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        peer.write_all(&buffer[..n]).await?;
    }
}

fn main() -> std::io::Result<()> {
    let listener = listen();
    end_with_stdin();
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (peer, _) = listener.accept().await?;
            tokio::spawn(echo(peer));
        }
    })
}
