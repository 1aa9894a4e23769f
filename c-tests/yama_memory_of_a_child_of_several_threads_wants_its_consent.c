/*
 * Under Yama's scope 1 a thread of the caller's does what its helper process may
 * not, and one thread holds one tracee: memory of a child that has one thread can
 * be shared, of a child of several it cannot. The child is none the worse, and
 * its consent lets the helper in.
 */
#include "yama.h"
#include "utek.h"

static unsigned char *area, *alone, *among;
static struct peer one_thread, several;

static void *sleeps(void *unused)
{
	sleep_for_ever();
	return unused;
}

static int with_threads(int channel)
{
	thread_start(sleeps, NULL);
	return obedient_body(channel);
}

static int with_consent(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	return with_threads(channel);
}

static void prepare(void)
{
	area = utek_memory(check_page(), 9);
	one_thread = peer_start(obedient_body);
	several = peer_start(with_threads);
	(void)peer_mapped(&one_thread, NULL);
	(void)peer_mapped(&several, NULL);
}

static void run(void)
{
	size_t page = check_page();
	alone = utek_room(page);
	among = utek_room(page);
	CHECK_OK(utek_call(one_thread.pid, area, alone, page, RW_SELF, SHARED));
	alone[3] = 33;
	CHECK(peer_read(&one_thread, area + 3) == 33);
	CHECK_FAILS(utek_call(several.pid, area, among, page, RW_SELF, SHARED), -1, EPERM);
	CHECK(strstr(mman_peer_explain(), "mman_peer_allow()"));
	CHECK(!utek_is_mapped(among));
	peer_write(&several, area + 3, 34);
	CHECK(peer_read(&several, area + 3) == 34 && proc_status(several.pid, "TracerPid") == 0);
	peer_dismiss(&one_thread);
	peer_dismiss(&several);
}

/* By the kernel's own Yama: what plays it knows no consent. */
static void consent_lets_the_helper_in(void)
{
	unsigned char *room;
	struct peer p;
	area = utek_memory(check_page(), 9);
	p = peer_start(with_consent);
	(void)peer_mapped(&p, NULL);
	room = utek_room(check_page());
	CHECK_OK(utek_call(p.pid, area, room, check_page(), RW_SELF, SHARED));
	room[3] = 35;
	CHECK(peer_read(&p, area + 3) == 35);
	peer_dismiss(&p);
}

int main(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "500");
	under_yama(yama_scope_1, prepare, run);
	if (yama_scope() <= 1)
		consent_lets_the_helper_in();
	return 0;
}
