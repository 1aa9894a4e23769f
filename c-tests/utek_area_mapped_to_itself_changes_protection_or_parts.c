/* M_SELF, or the own pid, with fromaddr == toaddr: another protection; with
 * share clear the area is a fresh copy, apart from its other mapping. */
#include "utek.h"

static int can_write(unsigned char *p)
{
	pid_t child = fork();
	int status;
	CHECK(child != -1);
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile unsigned char *)p = 1;
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	return WIFEXITED(status);
}

int main(void)
{
	size_t len = 2 * check_page();
	unsigned char *area = utek_memory(len, 3), *alias = utek_room(len);
	/* An alias. */
	CHECK_OK(utek_call(M_SELF, area, alias, len, RW_SELF, SHARED));
	area[9] = 200;
	CHECK(alias[9] == 200);
	alias[len - 1] = 201;
	CHECK(area[len - 1] == 201);
	/* Its protection, and back again. */
	CHECK_OK(utek_call(M_SELF, alias, alias, len, M_R_SELF, SHARED));
	CHECK(alias[9] == 200 && !can_write(alias) && can_write(area));
	CHECK_OK(utek_call(M_SELF, alias, alias, len, 0, SHARED));
	CHECK_OK(utek_call((int)getpid(), alias, alias, len, RW_SELF, SHARED));
	area[9] = alias[9] = 20;
	/* Of one page in the middle of it only. */
	CHECK_OK(utek_call(M_SELF, alias, alias, check_page(), M_R_SELF, SHARED));
	CHECK(!can_write(alias) && can_write(alias + check_page()));
	CHECK_OK(utek_call(M_SELF, alias, alias, len, RW_SELF, SHARED));
	/* Apart. */
	CHECK_OK(utek_call(M_SELF, alias, alias, len, RW_SELF, PRIVATE));
	CHECK(memcmp(alias, area, len) == 0);
	area[9] = 21;
	CHECK(alias[9] == 20);
	alias[10] = 30;
	CHECK(area[10] != 30);
	/* With bits for others it becomes an object, with what it held. */
	unsigned char *ordinary = utek_memory(len, 90), *copy = malloc(len);
	memcpy(copy, ordinary, len);
	CHECK_OK(utek_call(M_SELF, ordinary, ordinary, len, RW_SELF | M_R_USER, SHARED));
	CHECK(memcmp(ordinary, copy, len) == 0);
	ordinary[0] = 5;
	unsigned char *seen = utek_room(len);
	CHECK_OK(utek_call(M_SELF, ordinary, seen, len, M_R_SELF, SHARED));
	CHECK(seen[0] == 5);
	/* What was not granted cannot be had by a change of protection. */
	CHECK_FAILS(utek_call(M_SELF, alias, alias, len, 0x400, SHARED), -1, EINVAL);
	return 0;
}
