// A server that says in capitals what it hears, and a client, each as Node's people write them: `actors.js ROLE [PORT]`.
"use strict";
const net = require("node:net");

const [role, port] = process.argv.slice(2);
if (role === "server") {
  const server = net.createServer((socket) => {
    socket.on("data", (data) => socket.write(data.toString().toUpperCase()));
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
  const socket = net.connect(Number(port), "127.0.0.1", () => {
    socket.write("hello ");
    socket.write("from ");
    socket.end("node\n");
  });
  socket.on("data", (data) => process.stdout.write(data));
  socket.on("end", () => (process.exitCode = 3));
}
