/*
 * In a target it is always a second thread that executes the program anew, so
 * that the first one vanishes without a word, perhaps while it is held. Mappings
 * are made and removed meanwhile: no call fails or hangs, nor does the exec.
 */
#include "execing.h"

static void *exec_again(void *argv)
{
	usleep(300);
	execv("/proc/self/exe", argv);
	_exit(1);
}

static void one_image(char **argv)
{
	pthread_t thread;
	begin_image(argv);
	CHECK(pthread_create(&thread, NULL, exec_again, argv) == 0);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 3)
		one_image(argv);
	pairs_amid_execs(argv[0], NULL, 1.5);
	return 0;
}
