/*
 * While a thread in each of both processes maps and unmaps at random places of
 * the very range that is asked for, 200 joins each get one address in both, and
 * neither replaces nor loses anything: every page of those threads keeps its
 * mark, and every joined page is the object.
 * time-limit: 60
 */
#include "join.h"

enum { WINDOW = 48, HELD = 6, JOINS = 200, JOIN_PAGES = 3, KEPT = 4 };

struct piece {
	unsigned char *at;
	size_t pages;
	uint64_t mark;
};

static volatile int *contenders_end;		/* shared by both processes */
static volatile unsigned long *rounds;		/* one counter each */

static uint32_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void piece_end(struct piece *p)
{
	size_t i;
	if (p->at == NULL)
		return;
	for (i = 0; i < p->pages; i++)
		CHECK(*(volatile uint64_t *)(p->at + i * check_page()) == p->mark + i);
	CHECK(munmap(p->at, p->pages * check_page()) == 0);
	p->at = NULL;
}

static void piece_begin(struct piece *p, uint64_t *state, uint64_t mark)
{
	const size_t page = check_page(), pages = 1 + random_next(state) % 3;
	unsigned char *place = JOIN_PLACE + random_next(state) % WINDOW * page;
	size_t i;
	unsigned char *a = mmap(place, pages * page, READ_WRITE, PRIVATE_ANON | MAP_FIXED_NOREPLACE, -1, 0);
	if (a == MAP_FAILED) {
		CHECK(errno == EEXIST);
		return;
	}
	CHECK(a == place);
	p->at = a;
	p->pages = pages;
	p->mark = mark;
	for (i = 0; i < pages; i++)
		*(volatile uint64_t *)(a + i * page) = mark + i;
}

static void *contend(void *which)
{
	struct piece held[HELD] = { { 0 } };
	const size_t me = (size_t)which;
	uint64_t state = me + 1;
	size_t i;
	while (!*contenders_end) {
		struct piece *p = &held[random_next(&state) % HELD];
		piece_end(p);
		piece_begin(p, &state, 0x6b656570 + ((uint64_t)rounds[me] << 8));
		rounds[me]++;
		if (random_next(&state) % 64 == 0)
			usleep(100);
	}
	for (i = 0; i < HELD; i++)
		piece_end(&held[i]);
	return NULL;
}

static pthread_t contender;

static void contend_in_target(void) { contender = thread_start(contend, (void *)1); }

static void joined_is_the_object(struct target *t, unsigned char *a, int fd, unsigned char value)
{
	const size_t page = check_page();
	size_t i;
	CHECK_JOINED(t, a, JOIN_PAGES * page, "rw-s");
	for (i = 0; i < JOIN_PAGES; i++) {
		a[i * page] = value;
		CHECK(target_read(t, a + i * page) == value);
		target_write(t, a + i * page + 1, (unsigned char)(value + 1));
		CHECK(a[i * page + 1] == (unsigned char)(value + 1));
		CHECK(object_byte(fd, (off_t)(i * page + 1)) == (unsigned char)(value + 1));
	}
}

static void joined_end(struct target *t, unsigned char *a)
{
	const size_t len = JOIN_PAGES * check_page();
	CHECK_OK(munmap_peer(t->pid, a, len));
	CHECK(munmap(a, len) == 0);
}

static void test(struct target *t)
{
	const size_t page = check_page();
	unsigned char *kept[KEPT] = { NULL }, *a;
	int fd = memfd_of(JOIN_PAGES), inside = 0, i;
	pthread_t own = thread_start(contend, (void *)0);
	AWAIT(rounds[0] > 1000 && rounds[1] > 1000);

	for (i = 0; i < check_rounds(JOINS); i++) {
		CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, JOIN_PAGES * page, READ_WRITE, MAP_SHARED, fd, 0));
		CHECK(a >= JOIN_PLACE);
		inside += a < JOIN_PLACE + WINDOW * page;
		if (kept[i % KEPT] != NULL)
			joined_end(t, kept[i % KEPT]);
		kept[i % KEPT] = a;
		joined_is_the_object(t, a, fd, (unsigned char)i);
	}
	*contenders_end = 1;
	thread_end(own);
	/* Both fought for the same range, or nothing was proven. */
	CHECK(inside > check_rounds(JOINS) / 10);
	for (i = 0; i < KEPT; i++) {
		joined_is_the_object(t, kept[i], fd, (unsigned char)i);
		joined_end(t, kept[i]);
	}
	/* The target's thread ends by itself, having looked at its last pieces. */
	AWAIT(range_held(t->pid, JOIN_PLACE, WINDOW * page, NULL) == 0);
	CHECK(free_in_both(t, JOIN_PLACE, 2 * WINDOW * page));
	close(fd);
}

int main(int argc, char **argv)
{
	struct target t;
	be_patient(argc, argv);
	contenders_end = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(contenders_end != MAP_FAILED);
	rounds = (volatile unsigned long *)(contenders_end + 16);
	t = target_start(contend_in_target);
	test(&t);
	peer_dismiss(&t.peer);
	return 0;
}
