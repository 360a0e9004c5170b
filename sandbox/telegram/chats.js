const list=document.querySelector('.list');if(list){list.scrollTop=list.scrollHeight;
setInterval(async()=>{try{const page=await(await fetch(location.pathname)).text();
const next=new DOMParser().parseFromString(page,'text/html').querySelector('.list');
const now=list.innerHTML.replace(/<p class="toast">.*?<\/p>/s,'');
if(next&&next.innerHTML!==now){list.innerHTML=next.innerHTML;list.scrollTop=list.scrollHeight}}catch{}},2000)}
