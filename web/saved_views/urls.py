from django.urls import path

from web.saved_views import views

urlpatterns = [
    path("views/", views.saved_views, name="saved-views"),
    path("views/menu/", views.menu, name="saved-views-menu"),
    path("views/save/", views.save, name="saved-view-save"),
    path("views/<int:pk>/rename/", views.rename, name="saved-view-rename"),
    path("views/<int:pk>/delete/", views.delete, name="saved-view-delete"),
    path("views/<int:pk>/desk/", views.choose, name="saved-view-desk"),
]
