/*
 * A target that a debugger holds: EAGAIN, and the sentence names the
 * debugger's pid and the target's.
 */
#include "caller.h"

int main(int argc, char **argv)
{
	struct peer target, debugger;
	char text[32];

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	debugger = debugger_start(target.pid);
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	snprintf(text, sizeof text, "process %d", (int)debugger.pid);
	CHECK(strstr(mman_peer_explain(), text) != NULL);
	snprintf(text, sizeof text, "process %d", (int)target.pid);
	CHECK(strstr(mman_peer_explain(), text) != NULL);
	peer_kill(&debugger);
	peer_dismiss(&target);
	return 0;
}
