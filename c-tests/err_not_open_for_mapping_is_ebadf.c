/*
 * EBADF: a descriptor of the caller that is negative (NOFD apart), not open,
 * beyond the table, or opened with O_PATH. What the target has open under the
 * number is of no account.
 */
#include "target.h"

static void open_the_number_in_the_target(void)
{
	CHECK(dup2(memfd_of(1), CLOSED_FD) == CLOSED_FD);
}

static void test(struct target *t)
{
	int path = open(".", O_PATH | O_CLOEXEC), path_of_file;
	close(file_of("object", 1));
	path_of_file = open("object", O_PATH | O_CLOEXEC);
	const struct bad_call bad[] = {
		{ "-2", NULL, PAGE, PROT_READ, MAP_SHARED, -2, 0, EBADF },
		{ "lowest int", NULL, PAGE, PROT_READ, MAP_SHARED, -0x7fffffff - 1, 0, EBADF },
		{ "highest int", NULL, PAGE, PROT_READ, MAP_SHARED, 0x7fffffff, 0, EBADF },
		{ "O_PATH of a file", NULL, PAGE, PROT_READ, MAP_SHARED, path_of_file, 0, EBADF },
		{ "O_PATH of a directory", NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0, EBADF },
		{ "not open", NULL, PAGE, PROT_READ, MAP_SHARED, t->own ? CLOSED_FD + 1 : CLOSED_FD, 0, EBADF },
		{ "not open, no access", NULL, PAGE, PROT_NONE, MAP_PRIVATE, t->own ? CLOSED_FD + 1 : CLOSED_FD, 0, EBADF },
	};
	CHECK(path != -1 && path_of_file != -1);
	CHECK_BAD_CALLS(t, bad);
	close(path);
	close(path_of_file);
	unlink("object");
}

int main(void)
{
	own_and_peer(open_the_number_in_the_target, test);
	return 0;
}
