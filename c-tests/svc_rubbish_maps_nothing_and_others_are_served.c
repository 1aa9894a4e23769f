/*
 * Whatever is sent to a service that is no order, nothing is mapped, no
 * descriptor stays, the sender is hung up on, and others are served.
 */
#include "caller.h"
#include "service.h"

static struct peer target;

static void send_with(int to, const void *bytes, size_t size, const int *fds, int count)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(8 * sizeof(int))]; } control = { 0 };
	struct iovec part = { (void *)bytes, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	if (count > 0) {
		struct cmsghdr *c;
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
	}
	CHECK(sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)size);
}

/* It is no order: the service hangs up without a word. */
static void refused(const void *bytes, size_t size, const int *fds, int count)
{
	char answer[256];
	int to = service_connect(target.pid);
	CHECK(to != -1);
	send_with(to, bytes, size, fds, count);
	ssize_t n = recv(to, answer, sizeof answer, 0);
	CHECK(n == 0 || (n == -1 && errno == ECONNRESET));
	close(to);
}

#define REFUSED(o) refused(&(o), sizeof(o), NULL, 0)

int main(void)
{
	static char maps[65536], text[65536];
	struct order o, good = order_to_map(check_page());
	char bytes[sizeof o + 1] = { 0 };
	int two[2] = { 0, 1 }, fd = memfd_create("object", 0);
	unsigned seed = 3;

	target = serving_peer();
	use_service(&target);
	proc_text(target.pid, "maps", maps, sizeof maps);

	for (size_t n = 1; n < sizeof o; n++)
		refused(&good, n, NULL, 0);	/* half an order */
	memcpy(bytes, &good, sizeof good);
	refused(bytes, sizeof bytes, NULL, 0);	/* and more than one */
	refused(&good, sizeof good, &fd, 1);	/* with what it does not announce */
	o = good, o.flags &= ~(uint64_t)MAP_ANONYMOUS, o.bits = 1;
	REFUSED(o);				/* without what it announces */
	refused(&o, sizeof o, two, 2);
	o = good, o.form++, REFUSED(o);
	o = good, o.kind++, o.kind += 8, REFUSED(o);
	o = good, o.addr = 1, REFUSED(o);
	o = good, o.len = 0, REFUSED(o);
	o = good, o.len = 1, REFUSED(o);
	o = good, o.prot = 0x100, REFUSED(o);
	o = good, o.prot |= 1ull << 32, REFUSED(o);
	o = good, o.flags |= 1ull << 40, REFUSED(o);
	o = good, o.flags |= 0x4, REFUSED(o);
	o = good, o.flags |= MAP_POPULATE, REFUSED(o);
	o = good, o.off = 1, REFUSED(o);
	o = good, o.guard = 1, REFUSED(o);
	o = good, o.guard = 2 * check_page(), REFUSED(o);
	o = good, o.bits = 8, REFUSED(o);
	o = order_of(ORDER_UNMAP), o.addr = check_page(), REFUSED(o);
	o = order_of(ORDER_UNMAP), o.addr = 1, o.len = check_page(), REFUSED(o);
	o = order_of(ORDER_RANGE), o.addr = check_page(), o.len = check_page(), o.prot = 9, REFUSED(o);
	o = order_of(ORDER_NOTHING), o.len = 1, REFUSED(o);
	for (int i = 0; i < check_rounds(2000); i++) {
		char noise[128];
		for (size_t n = 0; n < sizeof noise; n++)
			noise[n] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
		refused(noise, 1 + seed % (sizeof noise - 1), &fd, (int)(seed >> 8) % 2);
	}
	check_same_text("mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	CHECK(thread_count(target.pid) == 3);
	use_service(&target);
	peer_dismiss(&target);
	return 0;
}
