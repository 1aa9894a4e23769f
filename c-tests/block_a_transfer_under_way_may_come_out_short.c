/*
 * A write() to a full pipe and a recv() with MSG_WAITALL, amid mappings: they may
 * come out short, as any stop may have it (signal(7)). Who goes on with the rest
 * loses nothing and has nothing twice.
 */
#include "disturb.h"

enum { ALL = 1 << 20, PART = 20000 };

static struct { volatile int phase; volatile unsigned short_ones; } *shared;
static int ends[2], sockets[2];

static unsigned char byte_at(size_t i) { return (unsigned char)(i * 31 + i / 251); }

static int writes(int channel)
{
	unsigned char *bytes = malloc(ALL);
	(void)channel;
	CHECK(bytes != NULL);
	for (size_t i = 0; i < ALL; i++)
		bytes[i] = byte_at(i);
	shared->phase = 1;
	for (size_t done = 0; done < ALL;) {
		ssize_t n = write(ends[1], bytes + done, ALL - done);
		CHECK(n > 0);	/* never EINTR: nothing moved is restarted */
		shared->short_ones += (size_t)n < ALL - done;
		done += (size_t)n;
	}
	return 0;
}

static int receives(int channel)
{
	unsigned char *bytes = malloc(ALL);
	(void)channel;
	CHECK(bytes != NULL);
	shared->phase = 1;
	for (size_t done = 0; done < ALL;) {
		ssize_t n = recv(sockets[1], bytes + done, ALL - done, MSG_WAITALL);
		CHECK(n > 0);
		shared->short_ones += (size_t)n < ALL - done;
		done += (size_t)n;
	}
	for (size_t i = 0; i < ALL; i++)
		CHECK(bytes[i] == byte_at(i));
	return 0;
}

static void is_written(void)
{
	unsigned char part[PART];
	size_t got = 0;
	struct peer p = peer_start(writes);
	AWAIT(shared->phase == 1);
	while (got < ALL) {
		size_t wanted = ALL - got < PART ? ALL - got : PART;
		ssize_t n;
		if (got + 2 * 65536 < ALL) {	/* more than the pipe holds is to come */
			await_state(p.pid, 'S');
			disturb(p.pid);
		}
		n = read(ends[0], part, wanted);
		CHECK(n > 0);
		for (ssize_t i = 0; i < n; i++)
			CHECK(part[i] == byte_at(got + (size_t)i));
		got += (size_t)n;
	}
	CHECK(peer_status(&p) == 0);
	printf("write(): %u short\n", shared->short_ones);
}

static void is_received(void)
{
	unsigned char part[PART];
	struct peer p = peer_start(receives);
	AWAIT(shared->phase == 1);
	for (size_t sent = 0; sent < ALL;) {
		size_t len = ALL - sent < PART ? ALL - sent : PART;
		for (size_t i = 0; i < len; i++)
			part[i] = byte_at(sent + i);
		CHECK(send(sockets[0], part, len, 0) == (ssize_t)len);
		sent += len;
		if (sent < ALL) {
			await_state(p.pid, 'S');
			disturb(p.pid);
		}
	}
	CHECK(peer_status(&p) == 0);
	printf("recv(): %u short\n", shared->short_ones);
}

int main(void)
{
	shared = shared_memory(sizeof *shared);
	CHECK(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	is_written();
	shared->phase = 0;
	shared->short_ones = 0;
	is_received();
	return 0;
}
