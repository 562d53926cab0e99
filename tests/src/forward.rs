//! Port-forward over a WebSocket (`v4.channel.k8s.io`): a data and an error channel, each of which begins with the port.

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::answer::Answer;
use crate::names::Names;
use crate::record::Record;

const DATA: u8 = 0;
const ERROR: u8 = 1;

/// The switch of protocols, or what stands in its way.
pub(crate) fn upgrade(record: &Record, names: Option<Names>, upgrade: Option<OnUpgrade>) -> Option<Answer> {
    let key = record.header("sec-websocket-key")?;
    let upgrade = upgrade?;
    let port: u16 = record.query.iter().find(|(key, _)| key == "ports")?.1.parse().ok()?;
    let answer = Answer::new(101, "", "")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", &derive_accept_key(key.as_bytes()))
        .header("sec-websocket-protocol", "v4.channel.k8s.io");
    tokio::spawn(async move {
        let Ok(io) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, None).await;
        serve(socket, port, names).await;
    });
    Some(answer)
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn serve(mut socket: Socket, port: u16, names: Option<Names>) {
    for channel in [DATA, ERROR] {
        if send(&mut socket, channel, &port.to_le_bytes()).await.is_none() {
            return;
        }
    }
    let names = names.unwrap_or_else(|| Names::new().refused("connect: connection refused"));
    if let Some(why) = names.why_refused() {
        let text = format!("an error occurred forwarding {port} -> {port}: error forwarding port {port}: {why}");
        send(&mut socket, ERROR, text.as_bytes()).await;
        let _ = socket.close(None).await;
        return;
    }
    let (mut received, mut answered) = (Vec::new(), 0);
    while let Some(Ok(message)) = socket.next().await {
        let Message::Binary(bytes) = message else { continue };
        let Some((&DATA, data)) = bytes.split_first() else { continue };
        received.extend_from_slice(data);
        while let [high, low, rest @ ..] = received.as_slice() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if rest.len() < length {
                break;
            }
            let answer = names.answer(&rest[..length]);
            received.drain(..2 + length);
            if names.ends_after().is_some_and(|limit| answered >= limit) {
                let _ = socket.close(None).await;
                return;
            }
            answered += 1;
            if !answer.is_empty() && send(&mut socket, DATA, &answer).await.is_none() {
                return;
            }
        }
    }
}

async fn send(socket: &mut Socket, channel: u8, data: &[u8]) -> Option<()> {
    socket.send(Message::Binary([&[channel], data].concat().into())).await.ok()
}
