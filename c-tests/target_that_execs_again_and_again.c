/*
 * A target executes itself again and again, while mappings are made and removed
 * in it: no call fails or hangs, and every one of its images runs to its exec.
 * A call that an exec comes across starts over in the new image.
 */
#include "execing.h"

static void one_image(char **argv)
{
	begin_image(argv);
	execv("/proc/self/exe", argv);
	_exit(1);
}

int main(int argc, char **argv)
{
	if (argc == 3)
		one_image(argv);
	pairs_amid_execs(argv[0], NULL, 1.5);
	return 0;
}
