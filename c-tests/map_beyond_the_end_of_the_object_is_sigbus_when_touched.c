/*
 * A range past the end of the object is mapped without an error; the target
 * gets SIGBUS when it touches a page wholly past it, and reads zeros on the
 * object's last page. When the object grows, the page is there.
 */
#include "target.h"
#include <setjmp.h>

static sigjmp_buf fault;

static void on_sigbus(int sig)
{
	siglongjmp(fault, sig);
}

/* Hears addresses, tells the byte there, or 1000 for SIGBUS. */
static int body(int channel)
{
	signal(SIGBUS, on_sigbus);
	for (;;) {
		volatile unsigned char *a = (volatile unsigned char *)hear_word(channel);
		if (a == NULL)
			return 0;
		if (sigsetjmp(fault, 1) == 0)
			tell_word(channel, *a);
		else
			tell_word(channel, 1000);
	}
}

static uintptr_t touch(struct peer *p, unsigned char *a)
{
	tell_word(p->channel, (uintptr_t)a);
	return hear_word(p->channel);
}

int main(void)
{
	struct peer p = peer_start(body);
	int fd = memfd_of(1);
	unsigned char *a;

	CHECK(ftruncate(fd, 100) == 0);
	CHECK_MAPS(a, mmap_peer(p.pid, NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	CHECK(touch(&p, a) == 1 && touch(&p, a + 100) == 0 && touch(&p, a + PAGE - 1) == 0);
	CHECK(touch(&p, a + PAGE) == 1000 && touch(&p, a + 2 * PAGE) == 1000);
	CHECK(ftruncate(fd, 3 * PAGE) == 0);
	CHECK(touch(&p, a + PAGE) == 0 && touch(&p, a + 2 * PAGE) == 0);
	CHECK_OK(munmap_peer(p.pid, a, 3 * PAGE));
	CHECK_MAPS(a, mmap_peer(p.pid, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100 * PAGE));
	CHECK(touch(&p, a) == 1000);
	CHECK_OK(munmap_peer(p.pid, a, PAGE));
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
