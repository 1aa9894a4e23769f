/*
 * What would take the service's own stacks away is not carried out by it, and is
 * refused where there is only the service. It serves on.
 */
#include "caller.h"
#include "service.h"

/* The page of a thread's stack that it sleeps on. */
static void *page_of_stack(pid_t pid, const char *thread)
{
	char name[300], text[512], *last;
	snprintf(name, sizeof name, "task/%s/syscall", thread);
	/* number, six arguments, stack pointer, instruction */
	proc_text(pid, name, text, sizeof text);
	last = strrchr(text, ' ');
	CHECK(last != NULL);
	*last = '\0';
	last = strrchr(text, ' ');
	CHECK(last != NULL);
	return (void *)((uintptr_t)strtoull(last, NULL, 16) & ~(uintptr_t)(check_page() - 1));
}

int main(int argc, char **argv)
{
	struct peer target;
	char path[64];
	struct dirent *entry;
	DIR *tasks;
	int threads = 0;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_ENGINE", "service");
	target = serving_peer();
	use_service(&target);
	snprintf(path, sizeof path, "/proc/%d/task", (int)target.pid);
	tasks = opendir(path);
	CHECK(tasks != NULL);
	while ((entry = readdir(tasks)) != NULL) {
		void *page;
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == target.pid)
			continue;
		AWAIT(task_state((pid_t)atoi(entry->d_name)) == 'S');
		page = page_of_stack(target.pid, entry->d_name);
		CHECK_FAILS(munmap_peer(target.pid, page, check_page()), -1, EPERM);
		CHECK(strstr(mman_peer_explain(), "service"));
		CHECK_MAP_FAILS(mmap_peer(target.pid, page, check_page(), READ_WRITE, PRIVATE_ANON | MAP_FIXED, NOFD, 0), EPERM);
		CHECK(peer_mapped(&target, page));
		use_service(&target);
		threads++;
	}
	closedir(tasks);
	CHECK(threads == 2);
	peer_dismiss(&target);
	return 0;
}
