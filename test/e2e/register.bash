# shellcheck shell=bash
# A client of libcgroup's register socket, good or bad.

# Says so many bytes (8: the whole) of a request; prints the answer.
register() { # SOCKET PID FLAGS [BYTES]
	python3 -c '
import socket, struct, sys
client = socket.socket(socket.AF_UNIX)
client.settimeout(20)
client.connect(sys.argv[1])
client.send(struct.pack("ii", int(sys.argv[2]), int(sys.argv[3]))[:int(sys.argv[4])])
if int(sys.argv[4]) < 8:
    client.shutdown(socket.SHUT_WR)
print(client.recv(64).decode())' "$1" "$2" "$3" "${4:-8}"
}

# Connects and says nothing until the test ends; the number of connections.
be_silent() { # SOCKET COUNT
	background python3 -c '
import socket, sys, time
clients = []
for i in range(int(sys.argv[2])):
    client = socket.socket(socket.AF_UNIX)
    client.connect(sys.argv[1])
    clients.append(client)
open(sys.argv[3], "w").close()
time.sleep(600)' "$1" "$2" "$WORK/silent"
	eventually test -e "$WORK/silent"
}
