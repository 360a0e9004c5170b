// Runs before the first paint (a plain script in <head>): the chosen theme, and a sign that scripts work.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage is forbidden: the system's theme stays */ }
