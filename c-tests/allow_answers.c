/*
 * mman_peer_allow(): 0 for a process that exists, for -1 (any) and for 0
 * (revoke), on kernels with Yama and on those without, where nothing needs to
 * be allowed. A pid that cannot be one is EINVAL, one that no process has is
 * ESRCH; either is explained. errno is left alone on success.
 */
#include "caller.h"

int main(void)
{
	CHECK_OK(mman_peer_allow(getpid()));
	CHECK_OK(mman_peer_allow(getppid()));
	CHECK_OK(mman_peer_allow(1));
	CHECK_OK(mman_peer_allow(-1));
	CHECK_OK(mman_peer_allow(0));
	CHECK_FAILS(mman_peer_allow(-2), -1, EINVAL);
	CHECK_FAILS(mman_peer_allow(INT32_MIN), -1, EINVAL);
	CHECK_FAILS(mman_peer_allow(0x3fffffff), -1, ESRCH);
	CHECK_OK(mman_peer_allow(0));
	return 0;
}
