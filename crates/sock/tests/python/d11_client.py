import http.client
import peer

client = http.client.HTTPConnection(*peer.arguments(8000))
client.request("GET", "/", headers={"Connection": "close"})
answer = client.getresponse()
print(f"HTTP/1.1 {answer.status} {answer.reason}", end="\r\n")
for name, value in answer.getheaders():
    print(f"{name}: {value}", end="\r\n")
print(end="\r\n")
print(answer.read().decode(), end="")
client.close()
