/*
 * A target's control group (version 1) is frozen. The calls wait for
 * MMAN_PEER_TIMEOUT_MS, then answer EAGAIN and say why. Once thawed the target
 * goes on as if nothing had been tried, and can be reached. So it is with one that
 * was stopped before.
 *
 * runs-as: root
 * runs-alone
 */
#include "freezing.h"

int main(int argc, char **argv)
{
	(void)argc;
	with_environment(argv, "MMAN_PEER_TIMEOUT_MS", "150");
	return with_group(1, check_frozen) || with_group(1, check_stopped_and_frozen);
}
