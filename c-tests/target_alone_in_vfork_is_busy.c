/*
 * The only thread of a target waits in vfork(2), where nothing can stop it. The
 * calls wait for MMAN_PEER_TIMEOUT_MS, then answer EAGAIN and say why; the
 * target is none the worse, and can be reached when the vfork has ended.
 *
 * runs-alone
 */
#include "vforking.h"

static struct { atomic_int child_dismissed; } *shared;

static int target(int channel)
{
	wait_in_vfork(&shared->child_dismissed);
	return (int)hear_word(channel);
}

int main(int argc, char **argv)
{
	struct peer p;
	double began, took;
	(void)argc;
	with_environment(argv, "MMAN_PEER_TIMEOUT_MS", "200");
	shared = shared_memory(sizeof *shared);
	p = peer_start(target);
	await_state(p.pid, 'D');

	began = check_now();
	CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), EAGAIN);
	took = check_now() - began;
	fprintf(stderr, "after %.3f s: %s\n", took, mman_peer_explain());
	CHECK(took > 0.19 && took < 0.7);
	CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)0x10000, check_page()), EAGAIN);
	CHECK(task_state(p.pid) == 'D' && tracer_of(p.pid) == 0);

	shared->child_dismissed = 1;
	await_syscall(p.pid, CALL_OF_RECV);
	disturb_times(p.pid, 5);
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
