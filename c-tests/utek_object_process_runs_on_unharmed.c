/* time-limit: 40
 * The process whose memory is moved runs on: its threads, which compute, sleep
 * on locks in the moved pages, wait in epoll_wait, come and go; its pointers; its
 * heap, which it enlarges; a child that it forks afterwards. */
#include "utek.h"
#include <sys/epoll.h>

enum { WORKERS = 3, ROUNDS = 60 };

struct moved {
	pthread_mutex_t lock;
	pthread_cond_t turned;
	pthread_mutex_t inheriting;
	struct moved *self;
	unsigned long turns, counted[WORKERS], sum;
	int stop, epoll_errno;
};
static struct moved *shared;

static void *worker(void *which)
{
	struct moved *m = shared;
	unsigned long mine = 0, i = (unsigned long)(uintptr_t)which;
	while (!__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
		/* Unlocked stores: none may be lost. */
		m->counted[i]++;
		mine++;
		if (mine % 64 == 0) {
			pthread_mutex_lock(&m->lock);
			m->sum += 64;
			m->turns++;
			pthread_cond_broadcast(&m->turned);
			pthread_mutex_unlock(&m->lock);
			pthread_mutex_lock(&m->inheriting);
			pthread_mutex_unlock(&m->inheriting);
		}
		CHECK(m->self == m);
	}
	CHECK(m->counted[i] == mine);
	return (void *)(mine / 64 * 64);
}

static void *sleeper(void *unused)
{
	struct moved *m = shared;
	(void)unused;
	pthread_mutex_lock(&m->lock);
	while (!m->stop)
		pthread_cond_wait(&m->turned, &m->lock);
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void *waits_for_events(void *channel)
{
	struct epoll_event event;
	if (epoll_wait(*(int *)channel, &event, 1, -1) != 1)
		shared->epoll_errno = errno;
	return NULL;
}

static void *short_lived(void *unused) { shared->self = shared; return unused; }
static void *makes_threads(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		pthread_t t;
		CHECK(pthread_create(&t, NULL, short_lived, NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	return NULL;
}

static int busy_body(int channel)
{
	pthread_t workers[WORKERS], others[3];
	pthread_mutexattr_t inherits;
	int epoll = epoll_create1(EPOLL_CLOEXEC), wake[2];
	struct epoll_event event = { .events = EPOLLIN };
	CHECK(pipe(wake) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, wake[0], &event) == 0);
	/* glibc maps such a piece by itself, and enlarges it by mremap(). */
	size_t size = 1 << 20;
	char *large = malloc(size);
	memset(large, 'x', size);
	shared->self = shared;
	pthread_mutex_init(&shared->lock, NULL);
	pthread_cond_init(&shared->turned, NULL);
	pthread_mutexattr_init(&inherits);
	pthread_mutexattr_setprotocol(&inherits, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&shared->inheriting, &inherits);
	for (uintptr_t i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&workers[i], NULL, worker, (void *)i) == 0);
	CHECK(pthread_create(&others[0], NULL, sleeper, NULL) == 0);
	CHECK(pthread_create(&others[1], NULL, waits_for_events, &epoll) == 0);
	CHECK(pthread_create(&others[2], NULL, makes_threads, NULL) == 0);
	tell_word(channel, (uintptr_t)large);
	hear_word(channel);
	/* The heap is moved, and grows. */
	size_t larger = 8 << 20;
	large = realloc(large, larger);
	CHECK(large && large[0] == 'x' && large[size - 1] == 'x');
	memset(large, 'y', larger);
	free(large);
	pthread_mutex_lock(&shared->lock);
	shared->stop = 1;
	pthread_cond_broadcast(&shared->turned);
	pthread_mutex_unlock(&shared->lock);
	unsigned long sum = 0;
	for (int i = 0; i < WORKERS; i++) {
		void *result;
		CHECK(pthread_join(workers[i], &result) == 0);
		sum += (unsigned long)(uintptr_t)result;
	}
	CHECK(sum == shared->sum);
	CHECK(write(wake[1], "", 1) == 1);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(others[i], NULL) == 0);
	CHECK(shared->epoll_errno == 0);
	pid_t child = fork();
	CHECK(child != -1);
	if (child == 0)
		_exit(shared->self == shared && shared->sum == sum ? 0 : 1);
	int status;
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	return 0;
}

int main(void)
{
	size_t len = 2 * check_page();
	shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	struct peer p = peer_start(busy_body);
	uintptr_t large = hear_word(p.channel) & ~(check_page() - 1);
	size_t large_len = (1 << 20) + check_page();
	unsigned char *heap = utek_room(large_len);
	CHECK_OK(utek_call(p.pid, (void *)large, heap, large_len, RW_SELF, SHARED));
	CHECK(heap[check_page()] == 'x');
	/* Moved again and again: a copy parts us, and it is moved anew when it has been parted. */
	for (int i = 0; i < check_rounds(ROUNDS); i++) {
		struct moved *view = (struct moved *)utek_room(len);
		CHECK_OK(utek_call(p.pid, shared, view, len, RW_SELF, i % 2 ? SHARED : PRIVATE));
		CHECK(view->self == shared);
		if (i % 2) {
			unsigned long before = __atomic_load_n(&view->turns, __ATOMIC_RELAXED);
			double give_up = check_now() + 10;
			while (__atomic_load_n(&view->turns, __ATOMIC_RELAXED) == before)
				CHECK(check_now() < give_up);
		}
		CHECK(munmap(view, len) == 0);
	}
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
