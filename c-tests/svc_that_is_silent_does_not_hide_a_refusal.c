/*
 * The service of a stopped target is silent, and the call goes by injection. What
 * the kernel refuses there is refused, at once, and not asked of the service again.
 */
#include "caller.h"
#include "service.h"

static int body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	return serving_body(channel);
}

int main(int argc, char **argv)
{
	struct peer target;
	double began;
	int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "8000");
	CHECK(sealed != -1 && ftruncate(sealed, (off_t)check_page()) == 0 && fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	target = peer_start(body);
	use_service(&target);
	CHECK(kill(target.pid, SIGSTOP) == 0);
	await_state(target.pid, 'T');
	began = check_now();
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, sealed, 0), EPERM);
	CHECK(check_now() - began < 4);
	CHECK(kill(target.pid, SIGCONT) == 0);
	peer_dismiss(&target);
	return 0;
}
