/* runs-as: root
 * The service of another user's process may take an order and be silent, or give
 * an area page by page for hours. Its caller waits for MMAN_PEER_TIMEOUT_MS in all,
 * which is EAGAIN, or till a signal handler is due, which is EINTR. Then nothing is
 * mapped.
 */
#include "utek.h"
#include "caller.h"
#include "hostile.h"
#include "target.h"

enum { TIMEOUT = 1000, PAGES = 4096, EACH_AFTER = 5000 };

static size_t page;
static int word_to, answered, file;
static pid_t target;

static void is_silent(int to)
{
	(void)to;
	tell_word(word_to, 1);
	sleep_for_ever();
}

/* All of them would take twenty seconds; it says when it is in the midst of them. */
static void gives_a_page(int to)
{
	usleep(EACH_AFTER);
	hostile_hands_over(to, file, 0, page);
	if (++answered == 10)
		tell_word(word_to, 1);
}

static void (*answers)(int to);

static int hostile(int channel)
{
	become_user(61001);
	word_to = channel;
	file = memfd_create("hostile", MFD_CLOEXEC);
	CHECK(file != -1 && ftruncate(file, (off_t)page) == 0);
	hostile_serve(channel, answers);
}

static volatile sig_atomic_t handled;
static void handler(int number)
{
	(void)number;
	handled++;
}

static unsigned how;

static int maps(int channel)
{
	struct sigaction action = { .sa_handler = handler };
	unsigned char *room = utek_room(PAGES * page);
	int open_before;
	double began;
	become_user(61005);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	tell_word(channel, 1);
	open_before = utek_open_descriptors(getpid());
	began = check_now();
	if (hear_word(channel)) {
		CHECK_FAILS(utek_call(target, (void *)(16 * page), room, PAGES * page, RW_SELF, how), -1, EINTR);
		CHECK(handled == 1);
	} else {
		CHECK_FAILS(utek_call(target, (void *)(16 * page), room, PAGES * page, RW_SELF, how), -1, EAGAIN);
		CHECK(check_now() - began >= 0.9 * TIMEOUT / 1000 && check_now() - began < 5.0 * TIMEOUT / 1000);
		CHECK(handled == 0);
	}
	CHECK(range_held(getpid(), room, PAGES * page, NULL) == 0);
	CHECK(utek_open_descriptors(getpid()) <= open_before);
	tell_word(channel, 1);
	return 0;
}

static void is_waited_for(void (*by)(int to), unsigned share, int interrupted)
{
	struct peer p, caller;
	answers = by;
	how = share;
	p = peer_start(hostile);
	CHECK(hear_word(p.channel) == 1);
	target = p.pid;
	caller = peer_start(maps);
	CHECK(hear_word(caller.channel) == 1);
	tell_word(caller.channel, (uintptr_t)interrupted);
	hears_soon(&p);
	if (interrupted)
		CHECK(kill(caller.pid, SIGUSR1) == 0);
	hears_soon(&caller);
	CHECK(peer_status(&caller) == 0);
	peer_kill(&p);
}

int main(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "1000");
	page = check_page();
	is_waited_for(is_silent, SHARED, 1);
	is_waited_for(is_silent, SHARED, 0);
	is_waited_for(is_silent, PRIVATE, 1);
	is_waited_for(is_silent, PRIVATE, 0);
	is_waited_for(gives_a_page, PRIVATE, 1);
	is_waited_for(gives_a_page, PRIVATE, 0);
	return 0;
}
