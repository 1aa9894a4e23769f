/*
 * A handler may leave by siglongjmp() from the midst of a call that has opened
 * the machine's memory for itself, in another process or in the own one: no
 * descriptor of it is left.
 *
 * time-limit: 40
 */
#include "physmem.h"
#include "instants.h"
#include <setjmp.h>

enum { JUMPS = 400 };

static sigjmp_buf back;
static volatile int in_call;
static volatile unsigned long jumps;

static void on_alarm(int signal)
{
	(void)signal;
	next_instant();
	if (in_call) {
		in_call = 0;
		jumps++;
		siglongjmp(back, 1);
	}
}

int main(int argc, char **argv)
{
	static char before[8192], after[8192];
	static struct peer target;
	static size_t page;
	static void *place;

	be_patient(argc, argv);
	physmem_begin(argv, 1 << 20);
	page = check_page();
	place = mmap(NULL, page, PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(place != MAP_FAILED);
	target = consenting_peer();
	fd_list(getpid(), before, sizeof before);

	instants_begin(on_alarm, 0);
	(void)sigsetjmp(back, 1);
	while (jumps < (unsigned long)check_rounds(JUMPS)) {
		pid_t pid = jumps % 2 ? target.pid : getpid();
		in_call = 1;
		(void)mmap_peer(pid, place, page, PROT_READ, MAP_PHYS | MAP_SHARED | MAP_FIXED, NOFD, 0);
		in_call = 0;
	}
	no_more_instants();

	check_same_text("the caller's descriptors", before, fd_list(getpid(), after, sizeof after));
	CHECK_OK(munmap_peer(target.pid, place, page));
	peer_dismiss(&target);
	return 0;
}
