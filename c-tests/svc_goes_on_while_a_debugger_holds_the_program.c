/*
 * A debugger that holds the program's thread does not hold its service, and
 * a seccomp filter that the program has taken upon itself later is not the
 * service's.
 */
#include "caller.h"
#include "service.h"

static int filtered(int channel)
{
	static const int calls[] = { SYS_mmap, SYS_munmap };
	CHECK_OK(mman_peer_serve());
	CHECK(filter_calls(calls, 2, SECCOMP_RET_KILL_PROCESS, 0) == 0);
	return obedient_body(channel);
}

int main(void)
{
	struct peer target = serving_peer(), debugger, other;
	void *a;
	debugger = debugger_start(target.pid);
	for (int i = 0; i < check_rounds(20); i++) {
		CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, a, check_page()));
	}
	CHECK(proc_status(target.pid, "TracerPid") == debugger.pid);
	peer_kill(&debugger);
	use_service(&target);
	peer_dismiss(&target);

	other = peer_start(filtered);
	(void)peer_mapped(&other, NULL);
	for (int i = 0; i < check_rounds(20); i++)
		use_service(&other);
	peer_dismiss(&other);
	return 0;
}
