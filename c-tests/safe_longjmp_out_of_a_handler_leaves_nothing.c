/*
 * A handler may leave by siglongjmp() at any instant, from the midst of a call
 * as the program sees it: the call is over by then, done or not done. No
 * process, descriptor or mapping is left in the caller, none but the mapping
 * that was asked for in the target, and calls go on working.
 *
 * time-limit: 40
 */
#include "instants.h"
#include <setjmp.h>

enum { JUMPS = 500 };

static sigjmp_buf back;
static volatile int in_call;
static volatile unsigned long jumps;

static void on_alarm(int signal)
{
	(void)signal;
	if (in_call) {
		in_call = 0;
		jumps++;
		siglongjmp(back, 1);
	}
	next_instant();
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static char fds[8192], maps[65536], own_fds[8192], own_maps[65536], text[65536];
	static void *place;
	static int fd;
	static size_t page;
	static struct peer target;
	sigset_t mask;

	page = check_page();
	fd = marked_memfd('j');
	/* Reserved here, so that it is free in the target at one address. */
	place = mmap(NULL, page, PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(place != MAP_FAILED);
	target = consenting_peer();
	CHECK(map_again(target.pid, place, page, MAP_SHARED | MAP_FIXED, fd) == place);
	unmap_again(target.pid, place, page);
	proc_text(target.pid, "maps", maps, sizeof maps);
	fd_list(target.pid, fds, sizeof fds);
	fd_list(getpid(), own_fds, sizeof own_fds);
	proc_text(getpid(), "maps", own_maps, sizeof own_maps);

	instants_begin(on_alarm, 0);
	(void)sigsetjmp(back, 1);
	while (jumps < (unsigned long)check_rounds(JUMPS)) {
		next_instant();
		in_call = 1;
		(void)map_again(target.pid, place, page, MAP_SHARED | MAP_FIXED, fd);
		in_call = 0;
		in_call = 1;
		unmap_again(target.pid, place, page);
		in_call = 0;
	}
	no_more_instants();

	CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	for (int signal = 1; signal < SIGRTMIN; signal++)
		CHECK(sigismember(&mask, signal) == 0);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == 0);        /* the target, and nobody else */
	unmap_again(target.pid, place, page);
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	check_same_text("the target's descriptors", fds, fd_list(target.pid, text, sizeof text));
	check_same_text("the caller's descriptors", own_fds, fd_list(getpid(), text, sizeof text));
	check_same_text("the caller's mappings", own_maps, proc_text(getpid(), "maps", text, sizeof text));
	peer_dismiss(&target);
	return 0;
}
